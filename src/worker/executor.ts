import type { Outcome } from '../task/outcome.ts'
import type { TaskDefinition } from '../task/task-definition.ts'
import type { TaskMessage } from '../task/task-message.ts'
import type { Interruption } from './interruption.ts'
import type { RegisteredTask } from './registry.ts'
import type { EmitWorkerEvent } from './worker-event.ts'

/** One attempt, as an executor is asked to make it. */
export interface Execution {
  readonly task: RegisteredTask
  readonly message: TaskMessage
  /**
   * Aborted when it shall end: politely at first, by force after the task's `killAfter`. The signal's reason is text
   * and becomes the outcome's.
   */
  readonly interrupt: Interruption
  /** Aborted when it shall end by force, now. Never before `interrupt`. */
  readonly kill: AbortSignal
  /** Takes what the task says while it runs. */
  readonly emit: EmitWorkerEvent
}

/**
 * Makes an attempt and says how it ended. It keeps to the task's limits, it never rejects, and when it resolves
 * nothing of the attempt runs any more (as far as the executor's kind can promise that; it says so where it cannot).
 */
export interface Executor {
  run(execution: Execution): Promise<Outcome>
}

/** The ways in which a task can be executed; the worker picks one by the task's definition. */
export interface Executors {
  readonly command: Executor
  readonly inline: Executor
  readonly thread: Executor
  readonly process: Executor
}

export function executorOf({ action, isolation }: TaskDefinition, executors: Executors): Executor {
  return action.kind === 'module' ? executors[isolation] : executors.command
}
