import { setImmediate } from 'node:timers/promises'
import { type Clock, longestNap } from '../core/clock.ts'
import { type Milliseconds, milliseconds } from '../core/instant.ts'

/**
 * What the beat's one loop rests on. Whoever has news for the loop rings; what
 * the news is, the loop finds out by looking.
 */
export class Bell {
  readonly #clock: Clock
  #rung = new AbortController()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Ends the rest, or the next one when the loop is awake. */
  ring(): void {
    this.#rung.abort()
  }

  /** Rests, though never longer than a nap; without a length, other work in this process still has its turn. */
  async rest(length: Milliseconds): Promise<void> {
    if (length > 0) await this.#clock.sleep(milliseconds(Math.min(length, longestNap)), this.#rung.signal)
    else await setImmediate()
    this.#rung = new AbortController()
  }
}
