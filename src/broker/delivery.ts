import type { PrintedLine } from '../task/printed.ts'
import type { KeptResult } from '../task/run-result.ts'
import type { TaskMessage } from '../task/task-message.ts'
import type { Verdict } from '../task/verdict.ts'

/** A message that was handed out. Whoever holds it settles it exactly once. */
export interface Delivery {
  readonly message: TaskMessage
  /** Why it must not start although it is due; the holder records that and settles it. */
  readonly veto?: Veto
  /**
   * It was in time when it was handed out, and stands for its entry from then on. Its successor, which may have been
   * skipped because of it, bounds it no more: otherwise neither would run.
   */
  readonly inTime?: boolean
  /** Who is told what it prints while it executes; there when its sender asked for that. */
  readonly listener?: Listener
  /**
   * Carries out the verdict durably, and has the result of a run that ended for good told to whoever waits for it:
   * before the message is gone. Rejects with BROKER_UNAVAILABLE when that failed and may be tried again. Where the
   * delivery is no longer ours to settle (its session is gone) it resolves: the message comes again to whoever is
   * next, and the journal knows what to say of it.
   */
  settle(verdict: Verdict, result?: KeptResult): Promise<void>
  /**
   * Has the broker forget the message before it is executed, for a run that must not be repeated. Its slot, and its
   * place among the runs of its entry, are kept until it is settled: with `ack` or `deadLetter`, as nothing brings it
   * back. Rejects with BROKER_UNAVAILABLE when nothing has happened and it may be tried again.
   */
  acknowledge(): Promise<Acknowledged>
}

/**
 * Takes what an attempt prints, for whoever follows it. It neither throws nor waits: what it cannot pass on, because
 * nobody reads it or its connection is lost, is counted or lost. What it was told before the delivery is settled goes
 * before the result.
 */
export interface Listener {
  line(line: PrintedLine): void
  /** So many lines are not told. */
  omitted(lines: number): void
  /** The attempt prints nothing more. */
  ended(): void
}

/**
 * - `gone`: it never comes again, whatever becomes of this process.
 * - `kept`: it is no longer ours (its session is gone), and comes again to whoever is next.
 * - `unknown`: its session was lost before the broker had answered.
 */
export type Acknowledged = 'gone' | 'kept' | 'unknown'

export interface Veto {
  readonly kind: 'skipped' | 'revoked'
  readonly reason: string
}
