import type { Settings } from '../config/settings.ts'
import { systemClock } from '../core/clock.ts'
import { milliseconds } from '../core/instant.ts'
import type { Service } from '../core/service.ts'
import type { Journal } from '../journal/journal.ts'
import type { TaskbeatEvent } from '../observe/narrate.ts'
import { openSqliteJournal } from '../sqlite/sqlite-journal.ts'
import { openGuard } from '../system/guard.ts'
import { CommandExecutor } from '../worker/executors/command-executor.ts'
import { InlineExecutor } from '../worker/executors/inline-executor.ts'
import { createRegistry } from '../worker/registry.ts'
import { TaskModules } from '../worker/task-modules.ts'
import { Worker, type WorkerPlan } from '../worker/worker.ts'
import type { Host } from './host.ts'
import { openBroker } from './open-broker.ts'
import { journalPath } from './paths.ts'

export interface WorkerServiceParts {
  readonly settings: Settings
  readonly host: Host
  readonly emit: (told: TaskbeatEvent) => void
  /** A task is not known: reads the configuration again and calls `reload` before it resolves. */
  readonly refresh: () => Promise<void>
}

const pruneEvery = milliseconds(600_000)

/** The worker with what it stands on, opened and closed together. */
export class WorkerService implements Service {
  readonly name = 'worker'
  readonly #parts: WorkerServiceParts
  readonly #stopping = new AbortController()
  /** What was opened, to be closed in reverse order. */
  readonly #opened = new AsyncDisposableStack()
  #working: { readonly worker: Worker; readonly modules: TaskModules } | undefined
  #stopped: Promise<void> | undefined

  constructor(parts: WorkerServiceParts) {
    this.#parts = parts
  }

  async start(): Promise<void> {
    const { settings, host, emit } = this.#parts
    const { name, pid } = host
    const clock = systemClock
    const guard = openGuard({
      onLost: (reason) => emit({ from: 'worker', event: { kind: 'guardLost', reason } }),
    })
    this.#opened.defer(() => guard.close())
    const modules = this.#opened.use(new TaskModules({ clock }))
    const journal = openSqliteJournal({ path: journalPath(settings), create: true, host: name, pid })
    this.#opened.defer(() => journal.close())
    const broker = openBroker({
      settings,
      host,
      create: true,
      emit: (event) => emit({ from: 'broker', event }),
    })
    this.#opened.defer(() => broker.close())
    const pruning = this.#prune(journal)
    this.#opened.defer(() => pruning)
    const plan = await Promise.race([this.#plan(modules, settings), whenAborted(this.#stopping.signal)])
    if (!plan) return
    const worker = new Worker({
      ...plan,
      broker,
      journal,
      guard,
      executors: {
        command: new CommandExecutor({ clock, guard, environment: host.env }),
        inline: new InlineExecutor({ clock }),
      },
      clock,
      random: Math.random,
      emit: (event) => emit({ from: 'worker', event }),
      refresh: this.#parts.refresh,
    })
    this.#working = { worker, modules }
    await worker.start()
  }

  /** Takes tasks, queues, concurrency and grace of these settings; the rest needs a restart. */
  async reload(settings: Settings): Promise<void> {
    if (!this.#working) return
    const { worker, modules } = this.#working
    const plan = await this.#plan(modules, settings)
    if (!this.#stopping.signal.aborted) worker.reload(plan)
  }

  stop(deadline: AbortSignal): Promise<void> {
    this.#stopped ??= this.#stop(deadline)
    return this.#stopped
  }

  async #stop(deadline: AbortSignal): Promise<void> {
    this.#stopping.abort()
    try {
      await this.#working?.worker.stop(deadline)
    } finally {
      await this.#opened.disposeAsync()
    }
  }

  async #plan(modules: TaskModules, settings: Settings): Promise<WorkerPlan> {
    const { tasks, taskDefaults, worker } = settings
    const tell = (event: Extract<TaskbeatEvent, { from: 'worker' }>['event']): void =>
      this.#parts.emit({ from: 'worker', event })
    const loaded = await modules.load(worker.modules)
    const { registry, problems } = createRegistry({
      definitions: tasks,
      modules: loaded.tasks,
      defaults: taskDefaults,
    })
    for (const { file, reason } of [...loaded.problems, ...problems])
      tell({ kind: 'moduleFailed', file, reason })
    if (loaded.files.length > 0) {
      tell({ kind: 'modulesLoaded', files: loaded.files.length, tasks: loaded.tasks.length })
    }
    const { queues, concurrency, grace } = worker
    return { registry, queues, concurrency, grace }
  }

  async #prune(journal: Journal): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      try {
        await journal.prune(systemClock.now())
      } catch {
        // Whoever writes next meets the same trouble and tells of it; old rows do no harm meanwhile.
      }
      await systemClock.sleep(pruneEvery, signal)
    }
  }
}

function whenAborted(signal: AbortSignal): Promise<undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  signal.addEventListener('abort', () => resolve(undefined), { once: true })
  return promise
}
