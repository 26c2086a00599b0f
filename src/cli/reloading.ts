import {
  type Configuration,
  ConfigurationError,
  type ConfigurationFile,
  readConfiguration,
} from '../app/configuration.ts'
import type { Host } from '../app/host.ts'
import { type Problem, renderProblem } from '../config/problem.ts'
import type { Settings } from '../config/settings.ts'
import { describeError } from '../core/errors.ts'
import type { Line } from '../observe/line.ts'
import type { Log } from '../observe/log.ts'
import { type Fixed, fixedOf, needsRestart } from './needs-restart.ts'
import { ReloadQueue, type ReloadReason } from './reload-queue.ts'

/** Nobody reads more of them in a log; `check` shows them all. */
const mostWarnings = 10

/** Tells the log of what is legal and suspicious. */
export function logWarnings({ settings, warnings }: Configuration, log: Log): void {
  for (const warning of warnings.slice(0, mostWarnings)) log.write(problemLine('warn', warning))
  const more = warnings.length - mostWarnings
  if (more <= 0) return
  const message = `${settings.file}: and ${more} more warnings; taskbeat check shows them`
  log.write({ level: 'warn', message, fields: {} })
}

/** One record a problem; the line of the file is for people. */
function problemLine(level: 'warn' | 'error', problem: Problem): Line {
  const [message = '', ...detail] = renderProblem(problem).split('\n')
  return { level, message, detail, fields: {} }
}

export interface Reloading {
  readonly file: ConfigurationFile
  readonly host: Host
  readonly log: Log
  /** What the process was started with and keeps, however the file changes. */
  readonly fixed: Fixed
  /** Whether they change anything; asked when nobody has said that they do. */
  readonly hasNews?: (settings: Settings) => Promise<boolean>
  /** Hands the settings on. */
  readonly take: (settings: Settings) => Promise<void>
}

/** The reloads of this process. What is wrong is logged, all of it; then what was loaded before stays. */
export function createReloads(reloading: Reloading): ReloadQueue {
  const { file, log } = reloading
  /** What is wrong with the file, as it was logged last. */
  let told: string | undefined
  return new ReloadQueue({
    reload: async (reason) => {
      await reload(reloading, reason)
      told = undefined
    },
    failed: (error, reason) => {
      const text = describeError(error)
      if (reason === 'unknownTask' && text === told) return
      told = text
      if (error instanceof ConfigurationError) {
        for (const problem of error.problems) log.write(problemLine('error', problem))
      } else {
        log.write({
          level: 'error',
          message: `cannot reload ${file.path}: ${text}`,
          fields: {},
        })
      }
      const message = `${file.path} was not loaded; what was loaded before stays`
      log.write({ level: 'error', message, fields: {} })
    },
  })
}

async function reload(
  { file, host, log, fixed, hasNews, take }: Reloading,
  reason: ReloadReason,
): Promise<void> {
  const configuration = await readConfiguration(file, host)
  const { settings } = configuration
  if (reason === 'unknownTask' && hasNews && !(await hasNews(settings))) return
  logWarnings(configuration, log)
  log.level = settings.log.level
  await take(settings)
  const later = needsRestart(
    fixed,
    fixedOf(settings, { beat: file.role !== 'worker', worker: file.role !== 'beat' }),
  )
  if (later.length === 0) return
  log.write({ level: 'warn', message: `takes effect after a restart: ${later.join(', ')}`, fields: {} })
}
