import { type Instant, instant } from '../core/instant.ts'
import type { Timeline } from './timeline.ts'

/** `at`: a list of instants, each once, in any order. */
export class AtTimeline implements Timeline {
  readonly #instants: readonly Instant[]

  constructor(instants: Iterable<Instant>) {
    this.#instants = [...new Set(instants)].sort((a, b) => a - b)
  }

  next(after: Instant): Instant | undefined {
    return this.#instants[this.#countThrough(after)]
  }

  previous(before: Instant): Instant | undefined {
    return this.#instants[this.#countThrough(instant(before - 1)) - 1]
  }

  count(after: Instant, through: Instant, limit: number): number {
    return Math.max(0, Math.min(limit, this.#countThrough(through) - this.#countThrough(after)))
  }

  /** How many are not after `at`. */
  #countThrough(at: Instant): number {
    let [low, high] = [0, this.#instants.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#instants[middle] as Instant) <= at) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** Nothing is ever due. */
export const emptyTimeline: Timeline = new AtTimeline([])
