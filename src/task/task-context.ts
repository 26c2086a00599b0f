/** A length of time as it is written in the configuration: `500ms`, `10s`, `15m`, `1h30m`, `PT15M`. */
export type DurationText = string

/** What a task writes to its log; it appears in the worker's, with the run's entry, task, id and attempt. */
export interface TaskLog {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void
  info(message: string, fields?: Readonly<Record<string, unknown>>): void
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void
  error(message: string, fields?: Readonly<Record<string, unknown>>): void
}

/** What a handler is told of the attempt that it makes, and what it may ask for. */
export interface TaskContext {
  /** The same for every attempt, and for every copy of the message: what an idempotent handler keys on. */
  readonly id: string
  readonly task: string
  /** The schedule's entry; undefined when the task was sent by hand. */
  readonly entry: string | undefined
  /** The slot that the occurrence belongs to, before jitter; undefined when the task was sent by hand. */
  readonly due: Date | undefined
  /** From 1. */
  readonly attempt: number
  readonly queue: string
  /** Aborted when the time limit is reached or the worker stops. Hand it on to whatever takes long. */
  readonly signal: AbortSignal
  readonly log: TaskLog
  /**
   * Ends this attempt and asks for another, after `delay` or, without it, after what the task's policy says. It does
   * not return. The policy's `retry` still says how many attempts there are.
   *
   * @throws always; let it pass.
   */
  retry(request?: RetryRequest): never
}

export interface RetryRequest {
  readonly delay?: DurationText
  /** Why, for the log and the journal. */
  readonly reason?: string
}
