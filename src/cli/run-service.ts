import { describeError, TaskbeatError } from '../core/errors.ts'
import type { Service } from '../core/service.ts'
import { startAll, stopAll } from '../core/service.ts'
import type { Line } from '../observe/line.ts'
import type { Log } from '../observe/log.ts'
import { listenToSignals } from '../system/signals.ts'
import { exitCode, exitCodeOf } from './exit-code.ts'

export interface Run {
  /** Started in this order, stopped in reverse. */
  readonly services: readonly Service[]
  readonly log: Log
  /** SIGHUP: reads the configuration and hands it on. Tells its own troubles, never rejects. */
  readonly reload: () => Promise<void>
  /** Anything else that is to last as long as the services. */
  readonly whileRunning?: () => Disposable
}

/**
 * Runs services in the foreground until the first SIGTERM or SIGINT, then stops them in order; a second one means now.
 * Resolves with the exit code.
 */
export async function runServices({ services, log, reload, whileRunning }: Run): Promise<number> {
  const stopAsked = Promise.withResolvers<void>()
  const stopping = new AbortController()
  const now = new AbortController()
  using _signals = listenToSignals({
    stop: () => stopAsked.resolve(),
    hurry: () => now.abort(),
    reload: () => void reload(),
  })
  try {
    await startAll(services, { stopping: stopping.signal, hurry: now.signal })
  } catch (error) {
    log.write(errorLine('cannot start', error))
    return exitCodeOf(error)
  }
  using _more = whileRunning?.()
  await stopAsked.promise
  try {
    await stopAll(services, now.signal)
  } catch (error) {
    log.write(errorLine('stopped, but not in order', error))
    return exitCode.failed
  }
  return exitCode.ok
}

function errorLine(what: string, error: unknown): Line {
  const message = error instanceof TaskbeatError ? error.message : `${what}: ${describeError(error)}`
  return { level: 'error', message, fields: {} }
}
