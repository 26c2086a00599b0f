import { findConfigFile } from '../config/find-config-file.ts'
import { type Loaded, loadSettings } from '../config/load-settings.ts'
import { type Problem, renderProblem } from '../config/problem.ts'
import type { Parts } from '../config/read-settings.ts'
import type { Role } from '../config/reading.ts'
import { TaskbeatError } from '../core/errors.ts'
import type { Host } from './host.ts'

/** The configuration file that a process was started with. It is read again at each reload. */
export interface ConfigurationFile {
  readonly path: string
  readonly role: Role
  readonly parts?: Parts
  /** Where the state is kept when the file does not say. */
  readonly stateDir?: string
}

/** A file that was read and is fit for use. */
export type Configuration = Extract<Loaded, { readonly settings: unknown }>

/** CONFIG_INVALID with the problems as values, for whoever tells them one by one. */
export class ConfigurationError extends TaskbeatError {
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super('CONFIG_INVALID', problems.map(renderProblem).join('\n'))
    this.name = 'ConfigurationError'
    this.problems = problems
  }
}

/**
 * Finds the file. Throws CONFIG_INVALID when there is none. One that only happens to lie in the working directory is
 * told of by `tell`, since nobody named it.
 */
export function findConfiguration(
  flag: string | undefined,
  role: Role,
  host: Host,
  tell: (text: string) => void,
): string {
  const { env, cwd, isRoot } = host
  const found = findConfigFile({ flag, env, cwd, role, isRoot })
  if ('message' in found) throw new ConfigurationError([found])
  if (found.how === 'workingDirectory') tell(`using ./${found.path}`)
  return found.path
}

/** Reads it. Throws CONFIG_INVALID with every problem, rendered. */
export async function readConfiguration(file: ConfigurationFile, host: Host): Promise<Configuration> {
  const { path, role, parts, stateDir } = file
  const loaded = await loadSettings(path, {
    role,
    env: host.env,
    cwd: host.cwd,
    hostname: host.name,
    ...(parts && { parts }),
    ...(stateDir && { stateDir }),
  })
  if ('problems' in loaded) throw new ConfigurationError(loaded.problems)
  return loaded
}
