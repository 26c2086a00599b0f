import { type Backoff, backoffDelay } from '../core/backoff.ts'
import type { Clock } from '../core/clock.ts'

/** For what must be written down and could not be: soon again, then every ten seconds. */
export const persistBackoff: Backoff = { firstMs: 200, factor: 2, longestMs: 10_000, jitter: 'none' }

/**
 * Does it until it works. Resolves with false when `giveUp` was aborted and even the last try, after that, failed.
 * `onFailure` is told of each failure, the first being number 1.
 */
export async function persist(
  action: () => Promise<void>,
  options: {
    readonly clock: Clock
    readonly giveUp: AbortSignal
    readonly onFailure: (error: unknown, failures: number) => void
  },
): Promise<boolean> {
  for (let failures = 1; ; failures++) {
    const last = options.giveUp.aborted
    try {
      await action()
      return true
    } catch (error) {
      options.onFailure(error, failures)
      if (last) return false
      await options.clock.sleep(
        backoffDelay(persistBackoff, failures, () => 0),
        options.giveUp,
      )
    }
  }
}
