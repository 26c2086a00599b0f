import { TaskbeatError } from '../core/errors.ts'
import type { OutcomeKind } from '../task/outcome.ts'
import type { ErrorReport } from '../task/run-result.ts'

/** A run whose result was asked for has ended, and not by success. Its message is that of the task's own error. */
export class TaskFailed extends TaskbeatError {
  readonly id: string
  /** How it ended: `failed`, `timedOut`, `expired`, `revoked`, `interrupted` … */
  readonly outcome: OutcomeKind
  /** The name of the error that the task threw, `TypeError`; where it threw none, what happened: `TimedOut`. */
  readonly errorName: string

  constructor(id: string, outcome: OutcomeKind, error: ErrorReport) {
    super('TASK_FAILED', error.message)
    this.name = 'TaskFailed'
    this.id = id
    this.outcome = outcome
    this.errorName = error.name
  }
}
