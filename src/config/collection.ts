import type { Milliseconds } from '../core/instant.ts'
import type { EntrySpec } from '../schedule/entry-spec.ts'
import type { TaskDefinition } from '../task/task-definition.ts'
import { EntryWarnings } from './entry-warnings.ts'
import { FailureTasks } from './failure-tasks.ts'
import type { Place } from './place.ts'
import type { WrittenEntry } from './read-entry.ts'
import type { Parts } from './read-settings.ts'
import { defineTask, refuseContradictions, type WrittenTask } from './read-task.ts'
import type { Reading } from './reading.ts'
import type { Surroundings } from './surroundings.ts'
import { TaskWarnings, warnOfNoEffect } from './task-warnings.ts'
import { unusedOptions } from './unknown-task.ts'

/**
 * What a file's entries and tasks come to, taken in one by one. It keeps of each what the process has a use for, and
 * warns of that: there may be 100,000, and a beat is not told what concerns the worker.
 */
export class Collection {
  readonly entries: EntrySpec[] = []
  readonly tasks: TaskDefinition[] = []
  readonly queues: Set<string> = new Set()
  readonly #around: Surroundings
  readonly #parts: Parts
  readonly #entryWarnings: EntryWarnings
  readonly #taskWarnings: TaskWarnings
  readonly #failureTasks = new FailureTasks()

  constructor(reading: Reading, around: Surroundings, parts: Parts, grace: Milliseconds) {
    this.#around = around
    this.#parts = parts
    this.#entryWarnings = new EntryWarnings(reading, around)
    this.#taskWarnings = new TaskWarnings(grace)
    const queue = around.defaults.queue?.value
    if (queue !== undefined) this.queues.add(queue)
  }

  addTask(task: WrittenTask): void {
    refuseContradictions(task.given, this.#around.defaults)
    if (task.given.queue) this.queues.add(task.given.queue.value)
    if (!this.#parts.tasks) return
    warnOfNoEffect(task.given, this.#around.defaults)
    const definition = defineTask(task, this.#around.defaults, task.at.directory)
    this.tasks.push(definition)
    this.#taskWarnings.look(definition, task.at)
    if (definition.action.kind === 'module') this.#warnOfUse(definition.name, task.at)
    this.#failureTasks.look(definition, (task.given.on_failure ?? this.#around.defaults.on_failure)?.at)
  }

  #warnOfUse(name: string, at: Place): void {
    const reason = unusedOptions(name, this.#around.moduleTasks)
    if (reason !== undefined) at.warning(reason)
  }

  addEntry(entry: WrittenEntry): void {
    this.queues.add(entry.spec.queue)
    if (entry.ownTask) this.addTask(entry.ownTask)
    if (!this.#parts.schedules) return
    this.entries.push(entry.spec)
    this.#entryWarnings.look(entry)
  }

  /** Says what only all of them together tell. */
  conclude(schedules: Place | undefined): void {
    this.#taskWarnings.conclude()
    this.#failureTasks.conclude(this.#around.moduleTasks)
    if (schedules) this.#entryWarnings.conclude(schedules)
  }
}
