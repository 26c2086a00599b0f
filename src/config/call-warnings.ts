import type { WrittenEntry } from './read-entry.ts'
import type { WrittenTask } from './read-task.ts'
import type { Surroundings } from './surroundings.ts'
import { unknownTask } from './unknown-task.ts'

/** Entries that call what nobody of this file runs; each task and queue is named once. */
export class CallWarnings {
  readonly #around: Surroundings
  readonly #named = new Set<string>()

  constructor(around: Surroundings) {
    this.#around = around
  }

  look({ spec, given, ownTask }: WrittenEntry): void {
    const { tasks, moduleTasks, queues, defaults } = this.#around
    const unknown = given.task && unknownTask(spec.task, tasks, moduleTasks, isCommand)
    if (unknown !== undefined && this.#isNews(`task ${spec.task}`)) given.task?.at.warning(unknown)
    if (queues && !queues.includes(spec.queue) && this.#isNews(`queue ${spec.queue}`)) {
      const task = ownTask ?? tasks.get(spec.task)
      const at = (
        given.queue ??
        task?.given.queue ??
        defaults.queue ??
        given.task ??
        given.command ??
        given.shell
      )?.at
      at?.warning(`worker.queues does not name the queue ${spec.queue}: no worker of this file takes from it`)
    }
  }

  #isNews(key: string): boolean {
    if (this.#named.has(key)) return false
    this.#named.add(key)
    return true
  }
}

function isCommand({ given }: WrittenTask): boolean {
  return given.command !== undefined || given.shell !== undefined
}
