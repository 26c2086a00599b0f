import type { ScheduleDifference } from '../broker/broker-status.ts'
import type { NotHandedOn, Predecessor } from '../broker/term.ts'
import type { Cursor } from '../core/cursor.ts'
import type { Instant, Milliseconds } from '../core/instant.ts'
import type { MissedReason } from '../schedule/missed.ts'
import type { ScheduleDiff } from './schedule-diff.ts'

/**
 * What a beat has to tell. Logs, metrics and tests listen to the same; each trouble
 * is told once when it begins and once when it ends.
 */
export type BeatEvent =
  /** The schedule as it was found at start, and what had changed since this beat ran last. */
  | {
      readonly kind: 'scheduleLoaded'
      readonly entries: number
      readonly next: NextRun | undefined
      readonly changes: ScheduleDiff
    }
  | {
      readonly kind: 'scheduleReloaded'
      readonly entries: number
      readonly next: NextRun | undefined
      readonly changes: ScheduleDiff
    }
  /**
   * Another beat leads, if the broker can say which; told when this one has
   * waited a while, and when the answer changes.
   */
  | {
      readonly kind: 'standingBy'
      readonly leader: { readonly host: string; readonly pid: number } | undefined
      /** Where this one stands by. */
      readonly host: string
      readonly sameSchedule: boolean
      /** Of this one's schedule, where it can be told. */
      readonly difference: ScheduleDifference | undefined
    }
  /** The beat that led before was another one, and emitted another schedule. */
  | { readonly kind: 'scheduleDiffered'; readonly host: string; readonly theirs: Predecessor }
  | {
      readonly kind: 'leadershipTaken'
      readonly epoch: number
      readonly cursor: Cursor | undefined
      readonly predecessor: Predecessor | undefined
    }
  | { readonly kind: 'leadershipLost'; readonly epoch: number; readonly error: unknown }
  | { readonly kind: 'leadershipResigned'; readonly epoch: number }
  /** The broker cannot be asked who leads. */
  | { readonly kind: 'candidacyFailed'; readonly error: unknown }
  /** There is no cursor: nothing was ever emitted here, or the broker has forgotten. */
  | { readonly kind: 'nothingBefore'; readonly at: Instant }
  | {
      readonly kind: 'occurrencesEmitted'
      readonly count: number
      readonly through: Cursor
      readonly occurrences: readonly EmittedOccurrence[]
    }
  /** What a changed schedule did to occurrences that had been emitted ahead of their time. */
  | {
      readonly kind: 'emissionsChanged'
      readonly added: number
      readonly replaced: number
      readonly revoked: number
    }
  | {
      readonly kind: 'occurrenceMissed'
      readonly entry: string
      readonly first: Instant
      readonly last: Instant
      readonly count: number
      /** False: there were more than `count`. */
      readonly exact: boolean
      /** `edited`: they belonged to an earlier form of the entry. `refused`: no broker takes what they say. */
      readonly reason: MissedReason | 'edited' | 'refused' | NotHandedOn['reason']
    }
  /** The broker takes nothing of this entry, and says why: told once until the schedule changes. */
  | { readonly kind: 'entryRefused'; readonly entry: string; readonly error: unknown }
  /** Nothing can be emitted; it is tried again, from the cursor, until it can. */
  | { readonly kind: 'emissionFailed'; readonly error: unknown }
  | { readonly kind: 'emissionRecovered'; readonly failures: number; readonly lasted: Milliseconds }
  /** The beat's own record cannot be written; emission goes on without it. */
  | { readonly kind: 'recordFailed'; readonly error: unknown }
  | { readonly kind: 'recordRecovered' }
  /** The wall clock was set by so much, or the machine slept. `suspect`: nothing is emitted until it has kept still. */
  | {
      readonly kind: 'clockStepped'
      readonly by: Milliseconds
      readonly now: Instant
      readonly suspect: boolean
    }
  | { readonly kind: 'clockStable' }
  /** The clock is behind what has been emitted already; emission goes on where it stopped. */
  | { readonly kind: 'clockBehind'; readonly cursor: Cursor; readonly resumesAt: Instant }
  | { readonly kind: 'clockCaughtUp' }
  /** The cursor is so far ahead that a wrong clock must have committed it. */
  | { readonly kind: 'cursorAhead'; readonly cursor: Cursor; readonly now: Instant }
  | { readonly kind: 'cursorReset'; readonly from: Cursor; readonly to: Cursor; readonly epoch: number }

export interface EmittedOccurrence {
  readonly id: string
  readonly entry: string
  readonly task: string
  readonly due: Instant
  readonly eta: Instant
}

/** When an entry runs next. */
export interface NextRun {
  readonly entry: string
  readonly eta: Instant
}
