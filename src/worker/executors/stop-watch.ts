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
  /** The attempt is over: no reason counts any more. */
  end(): void
}

/** Said once for all: without a reason an abort makes an error with its stack, which costs more than a short task. */
const ended = 'the attempt is over'

/**
 * Watches an attempt's time limit and its interruption, and calls `onStop` once, with whichever comes first and a
 * signal that is aborted when the attempt is over.
 */
export function watchForStop(
  execution: Execution,
  clock: Clock,
  onStop: (reason: StopReason, over: AbortSignal) => void,
): StopWatch {
  const over = new AbortController()
  let first: StopReason | undefined
  const stop = (reason: StopReason): void => {
    if (first || over.signal.aborted) return
    first = reason
    onStop(reason, over.signal)
  }
  const { interrupt } = execution
  const interrupted = (): void => stop({ kind: 'interrupted', reason: String(interrupt.reason) })
  if (interrupt.aborted) interrupted()
  else interrupt.addEventListener('abort', interrupted, { once: true })
  const limit = execution.task.definition.timeout
  if (limit !== undefined)
    void passed(limit, clock, over.signal).then(() => stop({ kind: 'timedOut', limit }))
  return {
    get reason() {
      return first
    },
    end: () => {
      interrupt.removeEventListener('abort', interrupted)
      over.abort(ended)
    },
  }
}

/** Resolves once so much has passed on the monotonic clock: a timer may fire early, and none is longer than 24.8 days. */
async function passed(length: Milliseconds, clock: Clock, signal: AbortSignal): Promise<void> {
  const end = clock.monotonic() + length
  for (let rest = length; rest > 0 && !signal.aborted; rest = milliseconds(end - clock.monotonic()))
    await clock.sleep(rest, signal)
}
