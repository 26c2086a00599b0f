/**
 * The journal: what ran on this host, and how it ended.
 *
 * It is shared by all workers of a host and keyed by (message id, attempt). A worker claims an attempt here before its
 * first instruction and records outcome *and verdict* before it settles the delivery. So, whatever a broker hands out
 * a second time, an attempt whose outcome is recorded is never executed again on this host:
 *
 *              claim                    record(ack, retry, deadLetter)
 *   (nothing) ───────▶ running(instance) ───────────────────────────▶ finished: settled again with the same verdict
 *                        │   ▲
 *      record(release)   ▼   │ claim
 *                      released            a dead instance's claim is `abandoned` until it is taken over
 *
 * The claim is durable before it is granted. A power cut may lose the last milliseconds (those runs then repeat); the
 * death of a process loses nothing.
 */
import type { Instant } from '../core/instant.ts'
import type { Outcome } from '../task/outcome.ts'
import type { KeptResult, RunState } from '../task/run-result.ts'
import type { TaskMessage } from '../task/task-message.ts'
import type { Verdict } from '../task/verdict.ts'
import type { AttemptRecord, MissedRecord, RunQuery, RunSummary } from './run.ts'

export interface Journal {
  /**
   * Asks to start an attempt. With `takeOver` an abandoned one is granted; whoever asks so has made sure that none
   * of its processes is left. Rejects with STATE_UNUSABLE when it cannot be written: then nothing may start.
   */
  claim(request: ClaimRequest): Promise<Claim>

  /** Records how an attempt ended, whether it was claimed or never started. Settle only afterwards. */
  record(ending: Ending): Promise<void>

  /** Runs, the newest first. */
  runs(query: RunQuery): readonly RunSummary[]
  /** Every attempt of the run whose id begins so, the first first; rejects with NOT_FOUND when none or several do. */
  attempts(idPrefix: string): readonly AttemptRecord[]
  /** What became of these runs; what this journal does not know is left out. */
  states(ids: readonly string[]): ReadonlyMap<string, RunState>
  /**
   * Attempts whose workers died before they had sent word of their failure, or, of those to be run at most once, at
   * them; one by one, while others are told and recorded. The failures of a task that is held up are passed over.
   */
  untold(isHeldUp?: (task: string) => boolean): Iterable<Untold>
  /** Word of it has been sent. */
  told(id: string, attempt: number): Promise<void>
  /** What was not emitted, the newest first. */
  missed(query: RunQuery): readonly MissedRecord[]

  /**
   * Removes what is more than it needs to be, first the output and then the rows; called now and then by whoever keeps
   * the journal open. It holds up nobody for long, and ends early when the signal is aborted or the journal is closed.
   */
  prune(now: Instant, signal?: AbortSignal): Promise<Pruned>

  close(): Promise<void>
}

export interface ClaimRequest {
  readonly message: TaskMessage
  readonly now: Instant
  readonly takeOver?: boolean
  /** It is to run once at the most: the claim survives a power cut, and somebody has to tell how it ended. */
  readonly once?: boolean
}

export type Claim =
  /** It may start. `begun`: it had started before; `interruptions`: how often its worker died at it. */
  | { readonly kind: 'granted'; readonly interruptions: number; readonly begun: boolean }
  /** It has ended before: settle it so, again, and tell its result, which may not have been told. */
  | { readonly kind: 'finished'; readonly verdict: Verdict; readonly result?: KeptResult }
  /** A later attempt is recorded: this is an old copy. */
  | { readonly kind: 'stale' }
  /** A living worker of this host is at it. */
  | { readonly kind: 'running'; readonly instance: string }
  /** The worker that was at it is dead. */
  | { readonly kind: 'abandoned'; readonly instance: string }

export interface Ending {
  readonly message: TaskMessage
  readonly outcome: Outcome
  readonly verdict: Verdict
  /** Undefined when it never started. */
  readonly started: Instant | undefined
  readonly finished: Instant
  /** Of a run that ended for good, for those who sent it. */
  readonly result?: KeptResult
  /** Word of it is still to be sent. */
  readonly untold?: boolean
}

export interface Pruned {
  /** Of so many failures nobody will be told any more: it was tried for too long, or there were too many. */
  readonly givenUp: number
}

/** An attempt that nobody has told of. */
export interface Untold {
  /** As far as the journal keeps it: without its arguments. */
  readonly message: TaskMessage
  readonly record: AttemptRecord
}
