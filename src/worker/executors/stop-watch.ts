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
  // Most attempts have no limit and are not stopped: nobody has to hear of their end.
  let over: AbortController | undefined
  let isOver = false
  const whenOver = (): AbortSignal => {
    over ??= new AbortController()
    return over.signal
  }
  let first: StopReason | undefined
  let asked: Milliseconds | undefined
  const stop = (reason: StopReason): void => {
    if (first || isOver) return
    first = reason
    listener.stop(reason, whenOver())
  }
  const { interrupt } = execution
  const interrupted = (): void => stop({ kind: 'interrupted', reason: String(interrupt.reason) })
  if (interrupt.aborted) interrupted()
  else interrupt.addEventListener('abort', interrupted, { once: true })
  const { timeout, softTimeout } = execution.task.definition
  if (timeout !== undefined)
    void passed(timeout, clock, whenOver()).then(() => stop({ kind: 'timedOut', limit: timeout }))
  if (softTimeout !== undefined)
    void passed(softTimeout, clock, whenOver()).then(() => {
      if (first || isOver) return
      asked = softTimeout
      listener.ask()
    })
  return {
    get reason() {
      return first
    },
    get softLimit() {
      return asked
    },
    end: () => {
      isOver = true
      interrupt.removeEventListener('abort', interrupted)
      over?.abort(ended)
    },
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
