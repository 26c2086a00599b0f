import type { Clock } from '../core/clock.ts'
import { type Milliseconds, milliseconds } from '../core/instant.ts'

/** How long each kind of operation may take before the session is given up. */
export interface Deadlines {
  /** From the first packet until the session is open: name, TCP, TLS and the greeting of AMQP. Default 10 s. */
  readonly connectMs: Milliseconds
  /** Whatever is asked of the broker and answered: a declaration, a consumer. Default 10 s. */
  readonly answerMs: Milliseconds
  /** From a publish to its confirm, not counting the time that the broker is blocked. Default 15 s. */
  readonly confirmMs: Milliseconds
  /** An orderly end; what is not ended then is cut. Default 2 s. */
  readonly closeMs: Milliseconds
}

export const defaultDeadlines: Deadlines = {
  connectMs: milliseconds(10_000),
  answerMs: milliseconds(10_000),
  confirmMs: milliseconds(15_000),
  closeMs: milliseconds(2_000),
}

/** A process that stood still finds its timers due before it reads what has come: so long it reads, then it is asked again. */
const secondLookMs = milliseconds(100)

/**
 * Resolves true once `limit` has gone by since `since()`, which is asked again and again and may move: a blocked
 * broker stops the count. Resolves false when there is nothing to wait for any more (undefined, or the signal).
 */
export async function overdue(
  clock: Clock,
  limit: Milliseconds,
  since: () => number | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  let isSecondLook = false
  while (!signal.aborted) {
    const start = since()
    if (start === undefined) return false
    const left = start + limit - clock.monotonic()
    if (left <= 0 && isSecondLook) return true
    isSecondLook = left <= 0
    await clock.sleep(isSecondLook ? secondLookMs : milliseconds(Math.ceil(left)), signal)
  }
  return false
}
