import { didYouMean } from './did-you-mean.ts'
import type { WrittenEntry } from './read-entry.ts'
import type { Surroundings } from './surroundings.ts'

/** Beyond this many tasks nobody looks for the one that was meant. */
const mostCandidates = 5_000

/** Entries that call what nobody of this file runs; each task and queue is named once. */
export class CallWarnings {
  readonly #around: Surroundings
  readonly #named = new Set<string>()

  constructor(around: Surroundings) {
    this.#around = around
  }

  look({ spec, given, ownTask }: WrittenEntry): void {
    const { tasks, modules, queues, defaults } = this.#around
    if (given.task && !modules && !tasks.has(spec.task) && this.#isNews(`task ${spec.task}`)) {
      const hint = tasks.size <= mostCandidates ? didYouMean(spec.task, tasks.keys()) : ''
      given.task.at.warning(`nobody defines a task of this name, and there are no worker.modules${hint}`)
    }
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
