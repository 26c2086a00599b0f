import type { TaskDefinition } from '../task/task-definition.ts'
import type { Place } from './place.ts'
import { type ModuleTasks, unknownTask } from './unknown-task.ts'

/** Whether the tasks that are sent word of failures are there, and can read it; each is named once. */
export class FailureTasks {
  readonly #wanted = new Map<string, Place>()
  readonly #tasks = new Map<string, TaskDefinition>()

  /** `at` is where its `on_failure` was said. */
  look(task: TaskDefinition, at: Place | undefined): void {
    this.#tasks.set(task.name, task)
    const { onFailure } = task
    if (onFailure !== undefined && at && !this.#wanted.has(onFailure)) this.#wanted.set(onFailure, at)
  }

  conclude(modules: ModuleTasks): void {
    for (const [name, at] of this.#wanted) {
      const task = this.#tasks.get(name)
      if (task && isCommand(task) && !task.stdin)
        at.problem(`the command of ${name} would not read what it is sent; write stdin: json beside it`)
      const reason = unknownTask(name, this.#tasks, modules, isCommand)
      if (reason !== undefined) at.warning(reason)
    }
  }
}

function isCommand({ action }: TaskDefinition): boolean {
  return action.kind !== 'module'
}
