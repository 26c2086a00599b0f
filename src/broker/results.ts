import type { TakePrinted } from '../task/printed.ts'
import type { CancelAnswer } from '../task/run.ts'
import type { RunResult, RunState } from '../task/run-result.ts'
import type { TaskMessage } from '../task/task-message.ts'

/**
 * The other end of a message: what whoever sent it can learn of its run, and say to it.
 *
 *     client                     broker                      worker
 *     send ──────────────────────▶ message ───────────────────▶ runs it
 *     take ◀── as it comes ────── parts ◀──── where asked for ─── prints
 *     wait ◀── woken at once ──── result ◀── with the verdict ─── records it, settles
 *     status, cancel ────────────▶ the waiting message, or whoever runs it
 *
 * A result is told once for a run, whatever its attempts and copies were, and can be asked for until its task's
 * `result_ttl` has gone by. What a run prints is told to nobody but a sender who has asked for it, attempt by attempt, and
 * may be lost on its way: the journal keeps the beginning and the end of it.
 */
export interface Results {
  /** Resolves when messages can be sent. Rejects with BROKER_UNAVAILABLE and what stands in the way. */
  ready(signal: AbortSignal): Promise<void>
  /**
   * Publishes, as `Broker.publish` does, and asks that the results be told here. With `take` also what the runs print:
   * it is called while they execute, and of a run not after `wait` has resolved with its result.
   */
  send(messages: readonly TaskMessage[], take?: TakePrinted): Promise<void>
  /**
   * Resolves with the result once the run has ended. Rejects with the signal's reason when that is aborted, with
   * NOT_FOUND where it is certain that there will be none, and with BROKER_UNAVAILABLE when this end is closed.
   */
  wait(id: string, signal: AbortSignal): Promise<RunResult>
  status(id: string): Promise<RunState>
  /** What has not started never will; what runs is told to end where `abort` is true. */
  cancel(id: string, options: { readonly abort: boolean }): Promise<CancelAnswer>
}

/** What a consumer's owner does for those who ask about runs. Ids come from outside. */
export interface RunDesk {
  /** What is known of these runs where they ran or run; of others nothing is answered. */
  look(ids: readonly string[]): ReadonlyMap<string, RunState>
  /** Ends the run if it executes here; it does not come again. False when it does not. */
  abort(id: string, reason: string): boolean
}
