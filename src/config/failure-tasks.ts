import type { TaskDefinition } from '../task/task-definition.ts'
import { didYouMean } from './did-you-mean.ts'
import type { Place } from './place.ts'

/** Beyond this many tasks nobody looks for the one that was meant. */
const mostCandidates = 5_000

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

  /** `modules`: there may be tasks that the file does not show. */
  conclude({ modules }: { readonly modules: boolean }): void {
    for (const [name, at] of this.#wanted) {
      const task = this.#tasks.get(name)
      if (task && task.action.kind !== 'module' && !task.stdin)
        at.problem(`the command of ${name} would not read what it is sent; write stdin: json beside it`)
      if (task || modules) continue
      const hint = this.#tasks.size <= mostCandidates ? didYouMean(name, this.#tasks.keys()) : ''
      at.warning(`nobody defines a task of this name, and there are no worker.modules${hint}`)
    }
  }
}
