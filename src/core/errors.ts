/**
 * Every way in which taskbeat cannot do what it promised. Expected endings (a task failed, a message expired) are
 * values, not errors. A subclass exists only where a caller acts differently on it.
 */
export type ErrorCode =
  | 'CONFIG_INVALID' // the configuration has problems; all of them are in the message
  | 'STATE_UNUSABLE' // the state directory or a file in it cannot be opened, read or written
  | 'STATE_CORRUPT' // a database file is damaged, or is none; it is left as it is
  | 'BROKER_UNAVAILABLE' // the broker could not store or answer; nothing was accepted, unless the message says that it may have been
  | 'MESSAGE_REFUSED' // a message that this broker must not accept (too large, malformed)
  | 'TERM_LOST' // this beat no longer leads; another may
  | 'NOT_FOUND' // what was named does not exist
  | 'TASK_FAILED' // a run whose result was asked for ended in another way than by success
  | 'RESULT_DROPPED' // a run has succeeded, and what it returned could not be kept
  | 'RESULT_TIMEOUT' // a result was not there within the time that its asker gave it
  | 'TASK_UNDEFINED' // a task that the worker's configuration does not define
  | 'ADDRESS_UNUSABLE' // where this process was to answer questions, it cannot
  | 'UNSUPPORTED' // asked for something this version does not do yet
  | 'REFUSED' // asked for what cannot be done on this machine, or not by this user
  | 'USAGE' // a command was called in a way it does not understand

export class TaskbeatError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.name = 'TaskbeatError'
    this.code = code
  }
}

/** This beat no longer leads: whatever it had not yet committed, its successor derives again. */
export class TermLostError extends TaskbeatError {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super('TERM_LOST', message, options)
    this.name = 'TermLostError'
  }
}

/** What went wrong, for one line of a log: the message, and the cause's where it says more. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause instanceof Error ? error.cause.message : undefined
  return cause && !error.message.includes(cause) ? `${error.message}: ${cause}` : error.message
}
