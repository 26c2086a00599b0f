import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Problem } from './problem.ts'
import type { Role } from './reading.ts'

const systemFile = '/etc/taskbeat/schedules.yaml'

/** How a configuration file was found; one that only happens to lie here is worth naming. */
export type FoundBy = 'flag' | 'environment' | 'workingDirectory' | 'system'

export interface Search {
  /** What `--config` says. */
  readonly flag?: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly role: Role
  readonly isRoot: boolean
  /** For tests; default /etc/taskbeat/schedules.yaml. */
  readonly system?: string
}

/**
 * Finds the configuration: `--config`, `$TASKBEAT_CONFIG`, `./schedules.yaml`, `/etc/taskbeat/schedules.yaml`. What is
 * named outright is taken without a look. A beat or worker as root runs nothing that merely lies in the directory
 * it was started in.
 */
export function findConfigFile(search: Search): { readonly path: string; readonly how: FoundBy } | Problem {
  const { flag, env, cwd, role, isRoot, system = systemFile } = search
  if (flag) return { path: flag, how: 'flag' }
  const { TASKBEAT_CONFIG: named } = env
  if (named) return { path: named, how: 'environment' }
  const passesBy = isRoot && (role === 'beat' || role === 'worker')
  if (!passesBy && exists(resolve(cwd, 'schedules.yaml')))
    return { path: 'schedules.yaml', how: 'workingDirectory' }
  if (exists(system)) return { path: system, how: 'system' }
  const local = passesBy ? './schedules.yaml is not taken as root' : './schedules.yaml does not exist'
  return {
    file: 'schedules.yaml',
    path: '',
    message: `no configuration found: --config is not given, $TASKBEAT_CONFIG is not set, ${local}, ${system} does not exist`,
  }
}

/** What cannot be looked at counts as there, so that opening it tells why. */
function exists(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined
  } catch {
    return true
  }
}
