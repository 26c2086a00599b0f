import type { Instant } from '../core/instant.ts'
import type { OutcomeKind, Output } from '../task/outcome.ts'
import type { Verdict } from '../task/verdict.ts'

/** A run, all attempts of one message taken together. */
export interface RunSummary {
  readonly id: string
  readonly entry: string | undefined
  readonly task: string
  readonly queue: string
  readonly due: Instant | undefined
  /** Of the first attempt, the first time. */
  readonly started: Instant | undefined
  /** Of the last attempt; undefined while it runs or waits. */
  readonly finished: Instant | undefined
  readonly outcome: OutcomeKind | 'running' | 'waiting' | 'abandoned'
  readonly reason: string | undefined
  readonly attempts: number
  readonly host: string
}

/** A start of an attempt that came to nothing: its worker died at it, or gave it back. */
export interface EarlierStart {
  readonly started: Instant
  /** Undefined where its worker died. */
  readonly finished: Instant | undefined
  readonly reason: string | undefined
  readonly host: string
  readonly pid: number
}

/** One attempt as the journal keeps it. */
export interface AttemptRecord {
  readonly id: string
  readonly attempt: number
  readonly entry: string | undefined
  readonly task: string
  readonly queue: string
  readonly due: Instant | undefined
  /** The last time. */
  readonly started: Instant | undefined
  readonly finished: Instant | undefined
  readonly outcome: OutcomeKind | 'running' | 'abandoned'
  readonly reason: string | undefined
  readonly exitCode: number | undefined
  readonly verdict: Verdict['kind'] | undefined
  readonly interruptions: number
  /** The oldest first. */
  readonly earlier: readonly EarlierStart[]
  readonly host: string
  readonly pid: number
  readonly output: Output | undefined
}

/** Occurrences of one entry that were not emitted, and why. */
export interface MissedRecord {
  readonly entry: string
  readonly task: string
  readonly first: Instant
  readonly last: Instant
  readonly count: number
  /** False: there were more than could be counted. */
  readonly exact: boolean
  readonly reason: string
  readonly recorded: Instant
}

export interface RunQuery {
  readonly entry?: string
  readonly task?: string
  /** Runs of which an attempt began in this time, and occurrences that were due in it; both ends belong to it. */
  readonly since?: Instant
  readonly until?: Instant
  readonly limit: number
}
