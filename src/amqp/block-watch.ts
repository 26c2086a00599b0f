import type { Clock } from '../core/clock.ts'
import { describeDuration } from '../core/duration.ts'
import { TaskbeatError } from '../core/errors.ts'
import { type Milliseconds, milliseconds } from '../core/instant.ts'
import type { Link } from './link.ts'

/** How long a caller waits for a broker that reads nothing of what is published to it. */
const patience = milliseconds(5_000)
const look = milliseconds(250)

/**
 * Looks after what is being sent, for a memory or disk alarm may catch it midway: then it goes on until the alarm is
 * over, which nobody knows, and whoever asked for it shall not wait so long. One watch is kept for all of them.
 */
export class BlockWatch {
  readonly #link: Link
  readonly #clock: Clock
  readonly #callers = new Set<(error: Error) => void>()
  #idle = new AbortController()

  constructor(link: Link, clock: Clock) {
    this.#link = link
    this.#clock = clock
  }

  /** Resolves as the sending does, but gives up when the broker is blocked for too long. */
  async unlessBlocked(sending: Promise<void>): Promise<void> {
    const { promise: blocked, reject } = Promise.withResolvers<never>()
    sending.catch(() => {}) // told to the caller, if it still waits
    this.#callers.add(reject)
    if (this.#callers.size === 1) void this.#watch()
    try {
      await Promise.race([sending, blocked])
    } finally {
      if (this.#callers.delete(reject) && this.#callers.size === 0) this.#idle.abort()
    }
  }

  async #watch(): Promise<void> {
    this.#idle = new AbortController()
    const { signal } = this.#idle
    let since: Milliseconds | undefined
    while (!signal.aborted) {
      await this.#clock.sleep(look, signal)
      since = this.#link.current?.blocked ? (since ?? this.#clock.monotonic()) : undefined
      if (signal.aborted || since === undefined || this.#clock.monotonic() - since < patience) continue
      const error = new TaskbeatError(
        'BROKER_UNAVAILABLE',
        `the broker has taken no messages for ${describeDuration(patience)}, because a memory or disk alarm is set on its host: what was sent may be accepted once that is over`,
      )
      for (const giveUp of this.#callers) giveUp(error)
      this.#callers.clear()
      return
    }
  }
}
