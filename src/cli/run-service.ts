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
 *
 *   preparing ──▶ starting ──▶ running ──▶ stopping      a signal to stop leads to stopping from everywhere
 *
 * Signals are heeded from the first moment on: `prepare` reads the configuration, which may take a while. A SIGHUP that
 * comes before the services run is carried out when they do. Rejects with what `prepare` rejects with.
 */
export async function runServices(prepare: () => Promise<Run>): Promise<number> {
  const stopping = new AbortController()
  const now = new AbortController()
  const stopAsked = whenAborted(stopping.signal)
  const reloads = new HeldCall()
  using _signals = listenToSignals({
    stop: () => stopping.abort(),
    hurry: () => now.abort(),
    reload: () => reloads.call(),
  })
  const prepared = stopping.signal.aborted ? undefined : await Promise.race([prepare(), stopAsked])
  if (!prepared) return exitCode.ok
  const { services, log, reload, whileRunning } = prepared
  const started = startAll(services, { stopping: stopping.signal, hurry: now.signal })
  try {
    await Promise.race([started, stopAsked])
  } catch (error) {
    log.write(errorLine('cannot start', error))
    return exitCodeOf(error)
  }
  {
    using _more = stopping.signal.aborted ? undefined : whileRunning?.()
    reloads.answer(() => void reload())
    await stopAsked
    reloads.answer(() => {})
  }
  try {
    await stopAll(services, now.signal)
    await started
  } catch (error) {
    log.write(errorLine('stopped, but not in order', error))
    return exitCode.failed
  }
  return exitCode.ok
}

/** A call that waits, once, for somebody to answer it. */
class HeldCall {
  #held = false
  #answer: (() => void) | undefined

  call(): void {
    if (this.#answer) this.#answer()
    else this.#held = true
  }

  /** Who answers from now on. */
  answer(answer: () => void): void {
    this.#answer = answer
    if (this.#held) answer()
    this.#held = false
  }
}

function whenAborted(signal: AbortSignal): Promise<undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  signal.addEventListener('abort', () => resolve(undefined), { once: true })
  return promise
}

function errorLine(what: string, error: unknown): Line {
  const message = error instanceof TaskbeatError ? error.message : `${what}: ${describeError(error)}`
  return { level: 'error', message, fields: {} }
}
