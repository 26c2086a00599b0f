import type { Cursor } from '../core/cursor.ts'
import type { Instant } from '../core/instant.ts'
import type { Stamp, TaskMessage } from '../task/task-message.ts'

/** Who wants to lead a schedule group. */
export interface Candidate {
  readonly group: string
  readonly host: string
  readonly pid: number
  /** Of the schedule that it would emit; what the group begins with when nobody led it before. */
  readonly scheduleHash: string
  /** The schedule that is in force at this moment, which a reload may have changed; asked when beats are compared. */
  readonly schedule?: () => ScheduleInForce
  /**
   * Told of occurrences that were emitted and that the broker could not hand on. They are forgotten when it resolves,
   * so they may be told again when it does not.
   */
  readonly missed?: (missed: readonly NotHandedOn[]) => Promise<void>
  /** Told when a broker that took nothing takes messages again: what it refused may be tried at once. */
  readonly takesAgain?: () => void
}

/** Occurrences of one entry that were emitted, and that no queue took. */
export interface NotHandedOn {
  readonly entry: string
  readonly first: Instant
  readonly last: Instant
  readonly count: number
  readonly exact: true
  /** Their queue did not take them while they could start, or too many others waited for such a queue. */
  readonly reason: 'queueTookNothing' | 'tooManyParked'
}

export interface ScheduleInForce {
  readonly hash: string
  /** By name. */
  readonly entries: ReadonlyMap<string, { readonly hash: string }>
}

/**
 * The time during which one beat leads its group, and the only way to emit.
 *
 *        lead()                    emit()*                  resign()
 *   standby ────────▶ leading ────────────────▶ leading ────────────────▶ over
 *                        │   any doubt: `lost` is aborted, emit rejects       ▲
 *                        └────────────────────────────────────────────────────┘
 *
 * The cursor says through when everything is emitted. It moves only by `emit`, after the messages are durable, and
 * it is all that the next leader knows: what lies behind it is never emitted again, what lies ahead is derived anew.
 */
export interface Term {
  /** Counts the group's leaders; strictly rising. */
  readonly epoch: number
  /** A random UUID, made when the group's state was first created: occurrence ids of two installations never meet. */
  readonly namespace: string
  /** Through when everything is emitted; undefined while nothing ever was. */
  readonly cursor: Cursor | undefined
  /** The stamp that the next emission has. */
  readonly stamp: Stamp
  /** Who led before, if anybody did. */
  readonly predecessor: Predecessor | undefined
  /** Aborted when this beat no longer leads, or cannot know that it does. */
  readonly lost: AbortSignal
  /**
   * Makes the emission durable, then commits its cursor. Rejects with TERM_LOST when the term is over, and with
   * BROKER_UNAVAILABLE when it could not be stored; in either case the cursor stands where it stood.
   */
  emit(emission: Emission): Promise<void>
  /** Sets the cursor back (or forth) to where the clock says, and begins a new epoch: the clock once lied. */
  restart(cursor: Cursor): Promise<void>
  /**
   * All is emitted by the schedule with this hash from now on. Until it is said, the one that the predecessor said
   * holds, so that whoever follows knows what is emitted; standbys are told apart by it.
   */
  adopt(schedule: AdoptedSchedule): Promise<void>
  /** Ends the term so that another candidate can lead at once. Harmless after it is lost. */
  resign(): Promise<void>
}

export interface AdoptedSchedule {
  readonly scheduleHash: string
  /**
   * By then the leader knew each of its entries in this form: to nobody who follows by the same schedule is anything
   * of it new. What is due behind the cursor and behind this is made up for, whoever leads next.
   */
  readonly knownSince: Instant
}

export interface Predecessor {
  readonly host: string
  /** Of the schedule by which all is emitted through the cursor. */
  readonly scheduleHash: string
  /** Undefined when no leader has said so. */
  readonly knownSince: Instant | undefined
}

export interface Emission {
  /** New occurrences. An id that is already in the queue stays as it is. */
  readonly messages: readonly TaskMessage[]
  /**
   * Occurrences that were emitted before and read differently now: they replace copies
   * that have not started, where the broker can.
   */
  readonly replacements: readonly TaskMessage[]
  /** Occurrences that shall not start any more. What has started has started. */
  readonly revocations: readonly Revocation[]
  readonly cursor: Cursor
}

export interface Revocation {
  /** Of the occurrence. */
  readonly id: string
  /** From then on it would not start by itself: the revocation need not be remembered. */
  readonly until: Instant
}

export interface LeaderStatus {
  readonly group: string
  readonly host: string
  readonly pid: number
  readonly epoch: number
  readonly since: Instant
  readonly scheduleHash: string
  readonly cursor: Cursor | undefined
  /** False when its process is gone and nobody has followed. */
  readonly alive: boolean
}
