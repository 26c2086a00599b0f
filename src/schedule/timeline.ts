import type { Instant } from '../core/instant.ts'

/**
 * When something is due: a set of instants that may have no end, asked for piecewise. A pure function of its
 * definition; it remembers nothing, so that every beat, at any time, gets the same answers.
 */
export interface Timeline {
  /** The first instant strictly later than `after`; undefined = never again. */
  next(after: Instant): Instant | undefined
  /** The last instant strictly earlier than `before`; undefined = none before it. */
  previous(before: Instant): Instant | undefined
  /** How many instants lie in (after, through], counted no further than `limit`. Cheap where it can be computed. */
  count(after: Instant, through: Instant, limit: number): number
}
