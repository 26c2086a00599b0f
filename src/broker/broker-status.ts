import type { Instant } from '../core/instant.ts'
import type { LeaderStatus } from './term.ts'

/** What a broker can say of itself at one moment. */
export interface BrokerStatus {
  readonly leaders: readonly LeaderStatus[]
  /** All that can be seen, leading or standing by. On the embedded broker that is the leader alone. */
  readonly beats: readonly BeatReport[]
  readonly workers: readonly WorkerStatus[]
  readonly queues: readonly QueueStatus[]
  /** What is due later than a worker would hold it, of all queues together; 0 where each queue counts its own. */
  readonly delayed: number
  /** A memory or disk alarm is set: the broker takes no messages at present, and so nobody can answer. */
  readonly takesNothing: boolean
}

export interface BeatReport {
  readonly group: string
  readonly host: string
  readonly pid: number
  readonly leads: boolean
  readonly scheduleHash: string
  /** Against the leader's schedule; undefined = it has the same, or it cannot be told how they differ. */
  readonly difference?: ScheduleDifference
}

/** By names of entries: those that the leader's schedule lacks, those that only it has, those that read differently. */
export interface ScheduleDifference {
  readonly added: readonly string[]
  readonly removed: readonly string[]
  readonly changed: readonly string[]
}

export interface WorkerStatus {
  readonly instance: string
  readonly host: string
  readonly pid: number
  readonly since: Instant
  readonly queues: readonly string[]
  /** Those of them that do not exist yet: others declare them. */
  readonly awaits: readonly string[]
  /** How many can execute at once. */
  readonly slots: number
  /**
   * Runs that execute. The embedded broker cannot tell those that wait for limits of their tasks from them, and counts
   * as many as can execute.
   */
  readonly running: number
}

export interface QueueStatus {
  readonly name: string
  /** Due, and not handed out yet. */
  readonly ready: number
  /** Waiting for their ETA. */
  readonly scheduled: number
  /** Handed out. */
  readonly running: number
  readonly dead: number
}
