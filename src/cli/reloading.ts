import { type Configuration, type ConfigurationFile, readConfiguration } from '../app/configuration.ts'
import type { Host } from '../app/host.ts'
import { renderProblem } from '../config/problem.ts'
import type { Settings } from '../config/settings.ts'
import { describeError } from '../core/errors.ts'
import type { Log } from '../observe/log.ts'

/** Tells the log of what is legal and suspicious. */
export function logWarnings({ warnings }: Configuration, log: Log): void {
  for (const { sourceLine: _line, caret: _caret, ...located } of warnings) {
    log.write({ level: 'warn', message: renderProblem(located), fields: {} })
  }
}

/** Reads the file again. When it has problems they are logged, all of them, and what was loaded before stays. */
export async function readAgain(file: ConfigurationFile, host: Host, log: Log): Promise<Settings | undefined> {
  try {
    const configuration = await readConfiguration(file, host)
    logWarnings(configuration, log)
    log.level = configuration.settings.log.level
    return configuration.settings
  } catch (error) {
    for (const message of describeError(error).split('\n')) log.write({ level: 'error', message, fields: {} })
    log.write({ level: 'error', message: `${file.path} was not loaded; what was loaded before stays`, fields: {} })
    return undefined
  }
}
