import { type Instant, instant, type Milliseconds } from '../core/instant.ts'
import type { Timeline } from './timeline.ts'

/**
 * `every`: the multiples of a period since an anchor, in both directions. The anchor is the same for everybody, the
 * Unix epoch unless one is given, so that restarts, failovers and several beats agree without any state.
 */
export class EveryTimeline implements Timeline {
  readonly #period: Milliseconds
  readonly #anchor: Instant

  constructor(period: Milliseconds, anchor: Instant = instant(0)) {
    this.#period = period
    this.#anchor = anchor
  }

  next(after: Instant): Instant {
    return this.#slot(this.#slotsThrough(after) + 1)
  }

  previous(before: Instant): Instant {
    return this.#slot(this.#slotsThrough(instant(before - 1)))
  }

  count(after: Instant, through: Instant, limit: number): number {
    return Math.max(0, Math.min(limit, this.#slotsThrough(through) - this.#slotsThrough(after)))
  }

  #slot(number: number): Instant {
    return instant(this.#anchor + number * this.#period)
  }

  /** The number of the last slot that is not after `at`; negative before the anchor. */
  #slotsThrough(at: Instant): number {
    return Math.floor((at - this.#anchor) / this.#period)
  }
}
