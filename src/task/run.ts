import type { OutcomeKind } from './outcome.ts'
import type { DurationText } from './task-context.ts'

/** A run that was sent, as its sender holds it. */
export interface Run<Result = unknown> {
  /** By which any process can ask for it again: `app.run(id)`. */
  readonly id: string
  /**
   * Waits for the run's end and resolves with what the task returned (as JSON has it). Rejects with a TaskFailed when
   * it ended in any other way, with RESULT_DROPPED when it succeeded and what it returned could not be kept (no JSON,
   * too large), with RESULT_TIMEOUT when that takes longer than `timeout`, and with NOT_FOUND where it
   * is certain that there is no result and will be none.
   */
  result(options?: ResultOptions): Promise<Result>
  /** What became of it, as far as broker and workers know at this moment. */
  status(): Promise<RunStatus>
  /**
   * What has not started never will, and `result()` rejects. What runs goes on, or is told to end (`abort: true`): a
   * function by its context's signal, a command by SIGTERM; it does not come again. Resolves with what it found.
   */
  cancel(options?: CancelOptions): Promise<CancelAnswer>
}

export interface ResultOptions {
  /** How long to wait. Default: as long as it takes. */
  readonly timeout?: DurationText
  /** Aborted: nobody waits any more. */
  readonly signal?: AbortSignal
}

export interface CancelOptions {
  readonly abort?: boolean
}

/** `waiting` also between two attempts. `unknown`: never sent, dropped, or ended so long ago that it is forgotten. */
export type RunStatus =
  | { readonly state: 'waiting' | 'running' | 'unknown' }
  | { readonly state: 'ended'; readonly outcome: OutcomeKind }

/**
 * - `dropped`: it had not started, and never will; its result says so.
 * - `aborted`: it runs and was told to end; its result will say how it did.
 * - `running`: it runs, and was not asked to end.
 * - `ended`: it had ended.
 * - `unknown`: nobody who was asked knows it. On RabbitMQ also what another process sent, as long as no worker has
 *   taken it from its queue; it never starts either, whenever a worker takes it.
 */
export type CancelAnswer = 'dropped' | 'aborted' | 'running' | 'ended' | 'unknown'

/** When and where a task shall run. */
export interface SendOptions {
  /** Not before this has passed. */
  readonly countdown?: DurationText
  /** Not before this instant. */
  readonly eta?: Date
  /** What has not started by then never does: an instant, or how long after it should have. */
  readonly expires?: DurationText | Date
  /** Default: the task's own, or `taskbeat`. */
  readonly queue?: string
  /** 0 to 9, larger goes first. Default 4. */
  readonly priority?: number
  /** Default: a new UUID. The same id sent again is the same run, which a broker or a worker's journal sees to. */
  readonly id?: string
}
