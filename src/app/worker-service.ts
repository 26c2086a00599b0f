import { isDeepStrictEqual } from 'node:util'
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
import { type LoadedModules, TaskModules } from '../worker/task-modules.ts'
import { Worker, type WorkerPlan } from '../worker/worker.ts'
import type { WorkerEvent } from '../worker/worker-event.ts'
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

/** What the worker works by. The tasks' definitions are the ones that it holds anyway. */
interface Taken {
  readonly settings: Pick<Settings, 'tasks' | 'taskDefaults' | 'worker'>
  readonly modules: Pick<LoadedModules, 'files' | 'problems'> & { readonly tasks: readonly string[] }
}

/** The worker with what it stands on, opened and closed together. */
export class WorkerService implements Service {
  readonly name = 'worker'
  readonly #parts: WorkerServiceParts
  readonly #stopping = new AbortController()
  /** What was opened, to be closed in reverse order. */
  readonly #opened = new AsyncDisposableStack()
  #working: { readonly worker: Worker; readonly modules: TaskModules } | undefined
  #taken: Taken | undefined
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
      host: name,
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

  /** Whether `reload` with these settings would change anything: what they say of tasks, or a file of a module. */
  async hasNews(settings: Settings): Promise<boolean> {
    const taken = this.#taken
    if (!this.#working || !taken) return true
    const { modules } = this.#working
    if (modules.changed || !isDeepStrictEqual(taken.settings, taskSettings(settings))) return true
    return !isDeepStrictEqual(taken.modules, describeModules(await modules.load(settings.worker.modules)))
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
    const loaded = await modules.load(worker.modules)
    this.#taken = { settings: taskSettings(settings), modules: describeModules(loaded) }
    const { registry, problems } = createRegistry({
      definitions: tasks,
      modules: loaded.tasks,
      defaults: taskDefaults,
    })
    for (const { file, reason } of [...loaded.problems, ...problems])
      this.#tell({ kind: 'moduleFailed', file, reason })
    if (loaded.imported > 0)
      this.#tell({ kind: 'modulesLoaded', files: loaded.imported, tasks: loaded.tasks.length })
    const { queues, concurrency, grace } = worker
    return { registry, queues, concurrency, grace }
  }

  #tell(event: WorkerEvent): void {
    this.#parts.emit({ from: 'worker', event })
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

function taskSettings({ tasks, taskDefaults, worker }: Settings): Taken['settings'] {
  return { tasks, taskDefaults, worker }
}

/** By names: files that did not change, and are loaded again because one of them had failed, are no news. */
function describeModules({ files, problems, tasks }: LoadedModules): Taken['modules'] {
  return { files, problems, tasks: tasks.map(({ task }) => task.name) }
}
