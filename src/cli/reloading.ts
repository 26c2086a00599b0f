import { type Configuration, type ConfigurationFile, readConfiguration } from '../app/configuration.ts'
import type { Host } from '../app/host.ts'
import { renderProblem } from '../config/problem.ts'
import type { Settings } from '../config/settings.ts'
import { describeError } from '../core/errors.ts'
import type { Log } from '../observe/log.ts'

/** Nobody reads more of them in a log; `check` shows them all. */
const mostWarnings = 10

/** Tells the log of what is legal and suspicious. */
export function logWarnings({ settings, warnings }: Configuration, log: Log): void {
  const tell = (message: string): void => log.write({ level: 'warn', message, fields: {} })
  for (const { sourceLine: _line, caret: _caret, ...located } of warnings.slice(0, mostWarnings)) {
    tell(renderProblem(located))
  }
  const more = warnings.length - mostWarnings
  if (more > 0) tell(`${settings.file}: and ${more} more warnings; taskbeat check shows them`)
}

/** Reads the file again. When it has problems they are logged, all of them, and what was loaded before stays. */
export async function readAgain(
  file: ConfigurationFile,
  host: Host,
  log: Log,
): Promise<Settings | undefined> {
  try {
    const configuration = await readConfiguration(file, host)
    logWarnings(configuration, log)
    log.level = configuration.settings.log.level
    return configuration.settings
  } catch (error) {
    for (const message of describeError(error).split('\n')) log.write({ level: 'error', message, fields: {} })
    log.write({
      level: 'error',
      message: `${file.path} was not loaded; what was loaded before stays`,
      fields: {},
    })
    return undefined
  }
}
