import type { Clock } from '../../core/clock.ts'
import { type Milliseconds, milliseconds } from '../../core/instant.ts'
import type { Execution } from '../executor.ts'

/** Why an attempt is being stopped. */
export type StopReason =
  | { readonly kind: 'timedOut'; readonly limit: Milliseconds }
  | { readonly kind: 'interrupted'; readonly reason: string }

export interface StopWatch {
  /** The first reason there was; later ones change nothing. */
  readonly reason: StopReason | undefined
  /** The soft limit, once it has passed: the attempt was asked to end, and may still end as it likes. */
  readonly softLimit: Milliseconds | undefined
  /** The attempt is over: no reason counts any more. */
  end(): void
}

/** Said once for all: without a reason an abort makes an error with its stack, which costs more than a short task. */
const ended = 'the attempt is over'

export interface StopListener {
  /** The soft limit has passed. */
  readonly ask: () => void
  /** The attempt is to be stopped. `over` is aborted when it has ended. */
  readonly stop: (reason: StopReason, over: AbortSignal) => void
}

/** Watches an attempt's limits and its interruption. It is told to stop once, for whichever reason comes first. */
export function watchForStop(execution: Execution, clock: Clock, listener: StopListener): StopWatch {
  return new Watch(execution, clock, listener)
}

class Watch implements StopWatch {
  reason: StopReason | undefined
  softLimit: Milliseconds | undefined
  readonly #execution: Execution
  readonly #listener: StopListener
  /** Most attempts have no limit and are not stopped: nobody has to hear of their end. */
  #over: AbortController | undefined
  #isOver = false
  readonly #interrupted: () => void

  constructor(execution: Execution, clock: Clock, listener: StopListener) {
    this.#execution = execution
    this.#listener = listener
    const { interrupt } = execution
    this.#interrupted = () => this.#stop({ kind: 'interrupted', reason: String(interrupt.reason) })
    if (interrupt.aborted) this.#interrupted()
    else interrupt.addEventListener('abort', this.#interrupted)
    const { timeout, softTimeout } = execution.task.definition
    if (timeout !== undefined)
      void passed(timeout, clock, this.#whenOver()).then(() =>
        this.#stop({ kind: 'timedOut', limit: timeout }),
      )
    if (softTimeout !== undefined)
      void passed(softTimeout, clock, this.#whenOver()).then(() => this.#ask(softTimeout))
  }

  end(): void {
    this.#isOver = true
    this.#execution.interrupt.removeEventListener('abort', this.#interrupted)
    this.#over?.abort(ended)
  }

  #stop(reason: StopReason): void {
    if (this.reason || this.#isOver) return
    this.reason = reason
    this.#listener.stop(reason, this.#whenOver())
  }

  #ask(softLimit: Milliseconds): void {
    if (this.reason || this.#isOver) return
    this.softLimit = softLimit
    this.#listener.ask()
  }

  #whenOver(): AbortSignal {
    this.#over ??= new AbortController()
    return this.#over.signal
  }
}

/** What a handler reads at `ctx.signal.reason` when its soft limit has passed. */
export const softLimitReached = 'the soft time limit was reached'

/** What a handler reads there when it is stopped. */
export function signalReason(reason: StopReason): string {
  return reason.kind === 'timedOut' ? 'the time limit was reached' : reason.reason
}

/** Waits for as long as a handler that was told to stop has to come to its end: nothing once its time is up. */
export async function patience(
  reason: StopReason,
  execution: Execution,
  over: AbortSignal,
  clock: Clock,
): Promise<void> {
  if (reason.kind === 'timedOut' || execution.kill.aborted) return
  await clock.sleep(execution.task.definition.killAfter, AbortSignal.any([over, execution.kill]))
}

/** Resolves once so much has passed on the monotonic clock: a timer may fire early, and none is longer than 24.8 days. */
async function passed(length: Milliseconds, clock: Clock, signal: AbortSignal): Promise<void> {
  const end = clock.monotonic() + length
  for (let rest = length; rest > 0 && !signal.aborted; rest = milliseconds(end - clock.monotonic()))
    await clock.sleep(rest, signal)
}
