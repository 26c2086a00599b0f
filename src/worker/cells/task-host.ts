import { AsyncLocalStorage } from 'node:async_hooks'
import { getHeapStatistics } from 'node:v8'
import { systemClock } from '../../core/clock.ts'
import type { Task, TaskOptions } from '../../task/define-task.ts'
import { Permanent } from '../../task/permanent.ts'
import type { TaskMessage } from '../../task/task-message.ts'
import { callHandler, type HandlerEnding, threw } from '../executors/call-handler.ts'
import { runEnvironment } from '../executors/command-environment.ts'
import { describeThrown } from '../executors/thrown.ts'
import type { ListedTask } from '../module-listing.ts'
import type { ModuleProblem } from '../task-collection.ts'
import { TaskModules } from '../task-modules.ts'
import type { CellOrder, CellReport } from './cell.ts'

export interface TaskHostParts {
  readonly report: (report: CellReport) => void
  /** What this cell holds now, in bytes. */
  readonly memory: () => number
}

/**
 * The inside of a cell: loads the modules, and makes one attempt at a time. What it may rely on is that orders come
 * one after the other; what it must never do is wait for anything but the task.
 */
export class TaskHost {
  readonly #parts: TaskHostParts
  readonly #modules: TaskModules
  #tasks: ReadonlyMap<string, Task> = new Map()
  #running: AbortController | undefined
  /** The attempt that whatever runs belongs to. */
  readonly #attempts = new AsyncLocalStorage<{ readonly id: string; readonly asked: AbortController }>()
  #measures = false

  constructor(parts: TaskHostParts) {
    this.#parts = parts
    this.#modules = new TaskModules({
      clock: systemClock,
      importing: (file) => parts.report({ kind: 'importing', file }),
    })
    process.on('uncaughtException', (error) =>
      parts.report({ kind: 'strayed', thrown: describeThrown(error) }),
    )
    process.on('unhandledRejection', (error) => {
      const attempt = this.#attempts.getStore()
      const leftBy = attempt && attempt.asked !== this.#running ? { leftBy: attempt.id } : {}
      parts.report({ kind: 'strayed', thrown: describeThrown(error), ...leftBy })
    })
  }

  take(order: CellOrder): void {
    switch (order.kind) {
      case 'load':
        this.#measures = order.measure
        void this.#load(order.patterns)
        break
      case 'run':
        void this.#run(order.message)
        break
      case 'abort':
        this.#running?.abort(new Error(order.reason))
    }
  }

  async #load(patterns: readonly string[]): Promise<void> {
    const { files, imported, tasks, problems } = await this.#modules.load(patterns)
    this.#tasks = new Map(tasks.map(({ task }) => [task.name, task]))
    const listed: ListedTask[] = []
    const unlisted: ModuleProblem[] = []
    for (const { task, file } of tasks) {
      const options = plain(task)
      if ('problem' in options) unlisted.push({ file, reason: options.problem })
      else listed.push({ name: task.name, file, options })
    }
    const { sources } = this.#modules
    const listing = { files, imported, tasks: listed, problems: [...problems, ...unlisted], sources }
    this.#parts.report({ kind: 'loaded', listing })
  }

  async #run(message: TaskMessage): Promise<void> {
    const running = new AbortController()
    this.#running = running
    // What the task starts is found by this, when its time is up and when its worker has died.
    Object.assign(process.env, runEnvironment(message))
    const attempt = { id: message.id, asked: running }
    const ending = await this.#attempts.run(attempt, () => this.#call(message, running))
    this.#running = undefined
    const heap = getHeapStatistics().used_heap_size
    const memory = this.#measures && { memory: this.#parts.memory() }
    this.#parts.report({ kind: 'ended', ending, heap, ...memory })
  }

  async #call(message: TaskMessage, asked: AbortController): Promise<HandlerEnding> {
    const task = this.#tasks.get(message.task)
    if (!task) return threw(new Permanent(`${message.task} is exported by no module any more`))
    return callHandler(task, message, {
      asked,
      log: (level, text, fields) =>
        this.#parts.report({ kind: 'logged', level, text, ...(fields && { fields: plainFields(fields) }) }),
    })
  }
}

/** Options are written by hand in a file that may not be typed; a task whose options do not travel is none. */
function plain({ name, options }: Task): TaskOptions | { readonly problem: string } {
  try {
    const copy: unknown = JSON.parse(JSON.stringify(options))
    if (typeof copy !== 'object' || copy === null) throw new TypeError('expected an object')
    return copy as TaskOptions
  } catch (error) {
    return { problem: `the options of task ${name} cannot be read: ${describeThrown(error).reason}` }
  }
}

function plainFields(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(JSON.stringify(fields)) as Readonly<Record<string, unknown>>
  } catch (error) {
    return { unprintable: describeThrown(error).reason }
  }
}
