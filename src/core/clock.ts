import { type Instant, instant, type Milliseconds, milliseconds } from './instant.ts'

/**
 * The one door to time. Wall time says when something is due; monotonic time measures how long something took
 * and is the only one used for deadlines, because the wall clock can be set.
 */
export interface Clock {
  /** The wall clock. */
  now(): Instant
  /** A clock that never steps; its zero means nothing. It may stand still while the machine sleeps. */
  monotonic(): Milliseconds
  /** Resolves after `length`, or at once when `signal` is aborted: a sleeper looks at the world again either way. */
  sleep(length: Milliseconds, signal?: AbortSignal): Promise<void>
}

/** setTimeout fires at once for anything above 2^31-1 ms (24.8 days). */
const longestTimer = milliseconds(2 ** 31 - 1)

export const systemClock: Clock = openClock(true)

/** The same for what goes on beside a program's own work: whoever sleeps by it does not keep the process alive. */
export const backgroundClock: Clock = openClock(false)

function openClock(ref: boolean): Clock {
  return {
    now: () => instant(Date.now()),
    monotonic: () => milliseconds(performance.now()),
    // That of node:timers/promises makes an error with its stack for whoever is woken, which costs more than a short task.
    sleep: async (length, signal) => {
      if (signal?.aborted) return
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, Math.min(Math.max(0, length), longestTimer))
      if (!ref) timer.unref()
      const wake = (): void => resolve()
      signal?.addEventListener('abort', wake, { once: true })
      await promise
      clearTimeout(timer)
      signal?.removeEventListener('abort', wake)
    },
  }
}

/** The longest a loop sleeps before it reads the wall clock again: it may have been set meanwhile. */
export const longestNap: Milliseconds = milliseconds(60_000)
