import type { Instant } from '../core/instant.ts'

/** Why occurrences were not emitted: a newer one stands for them, their window had passed, the policy is to skip, or there were more than are made up for. */
export type MissedReason = 'superseded' | 'tooOld' | 'policy' | 'tooMany'

/** Occurrences of one entry, next to each other, that were due and are not emitted. */
export interface Missed {
  readonly entry: string
  readonly first: Instant
  readonly last: Instant
  /** How many lie in [first, last]; no more than 10,000 are counted. */
  readonly count: number
  /** False: there are more than `count`. */
  readonly exact: boolean
  readonly reason: MissedReason
}
