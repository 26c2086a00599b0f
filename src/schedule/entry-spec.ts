import type { Instant, Milliseconds } from '../core/instant.ts'

/** One rule of an entry: what was written, and what it means where that is not computed later. */
export type Timing =
  | { readonly kind: 'cron'; readonly expression: string }
  | { readonly kind: 'every'; readonly period: Milliseconds }
  /** `remark`: that the time, as it was written, does not exist in its zone, or comes twice. */
  | { readonly kind: 'at'; readonly instant: Instant; readonly remark?: string }

/** What to do about occurrences that were due while nothing emitted: the newest, each, or none of them. */
export type MissedPolicy = 'latest' | 'all' | 'skip'

/** What becomes of a run that would start while another run of its entry executes. */
export type OverlapPolicy = 'skip' | 'allow' | 'queue'

/**
 * An entry of the schedule as plain data, defaults filled in and everything validated: what the configuration gives,
 * what the beat's record keeps, and what an `Entry` is compiled from. Timings are of one kind.
 */
export interface EntrySpec {
  readonly name: string
  /**
   * The task it runs: one named by `task:`, or the one that its `command` or `shell` defines, named after the entry.
   */
  readonly task: string
  readonly timings: readonly Timing[]
  /** The IANA zone in which cron and `except` are read. */
  readonly timezone: string
  /** Multiples of `every` are counted from here; default the Unix epoch. */
  readonly anchor?: Instant
  /** The ETA is moved by a stable offset in [0, jitter). */
  readonly jitter?: Milliseconds
  /** No occurrence before `start` or after `end` (both inclusive). */
  readonly start?: Instant
  readonly end?: Instant
  /** Local dates, `2026-12-25`, on which nothing is due. */
  readonly except?: readonly string[]
  readonly missed: MissedPolicy
  /**
   * Missed occurrences older than this are not emitted. Default: 1 h for `at`,
   * else 1 d for `missed: all`, else no bound.
   */
  readonly missedWindow?: Milliseconds
  /** An occurrence that has not started this long after its ETA never starts, retries included. */
  readonly expires?: Milliseconds
  readonly overlap: OverlapPolicy
  readonly enabled: boolean
  readonly args: readonly unknown[]
  readonly kwargs: Readonly<Record<string, unknown>>
  readonly queue: string
  /** 0 to 9, larger first. */
  readonly priority: number
  /** The task that is sent word of what was missed, and the queue where it waits. */
  readonly onFailure?: { readonly task: string; readonly queue: string }
  readonly description?: string
}
