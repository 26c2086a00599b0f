import { isDeepStrictEqual } from 'node:util'
import { queueNameProblem } from '../config/queue-name.ts'
import type { Settings } from '../config/settings.ts'
import { systemClock } from '../core/clock.ts'
import { milliseconds } from '../core/instant.ts'
import type { Service } from '../core/service.ts'
import { steadyNow } from '../core/steady-now.ts'
import type { Journal } from '../journal/journal.ts'
import type { TaskbeatEvent } from '../observe/narrate.ts'
import { openSqliteJournal } from '../sqlite/sqlite-journal.ts'
import { DelegatedCgroup, openDelegatedCgroup } from '../system/delegated-cgroup.ts'
import { openGuard } from '../system/guard.ts'
import { releaseMemory } from '../system/release-memory.ts'
import { cellEnvironment } from '../worker/cells/cell-environment.ts'
import { Cells } from '../worker/cells/cells.ts'
import { CommandExecutor } from '../worker/executors/command-executor.ts'
import { InlineExecutor } from '../worker/executors/inline-executor.ts'
import { createRegistry } from '../worker/registry.ts'
import { type Stock, TaskLibrary } from '../worker/task-library.ts'
import { TaskModules } from '../worker/task-modules.ts'
import { Worker, type WorkerPlan } from '../worker/worker.ts'
import type { WorkerEvent } from '../worker/worker-event.ts'
import type { Host } from './host.ts'
import { openBroker } from './open-broker.ts'
import { tellOwnTasks } from './own-tasks.ts'
import { journalPath } from './paths.ts'
import { refuseWithoutAccess } from './state-access.ts'

export interface WorkerServiceParts {
  readonly settings: Settings
  readonly host: Host
  readonly emit: (told: TaskbeatEvent) => void
  /** A task is not known: reads the configuration again and calls `reload` before it resolves. */
  readonly refresh: () => Promise<void>
}

const pruneEvery = milliseconds(600_000)

/** What the worker works by. The tasks' definitions are the ones that it holds anyway. */
type Taken = Pick<Settings, 'tasks' | 'taskDefaults' | 'worker'>

/** What works while the service does. */
interface Working {
  readonly worker: Worker
  readonly cells: Cells
  readonly library: TaskLibrary
}

/** The worker with what it stands on, opened and closed together. */
export class WorkerService implements Service {
  readonly name = 'worker'
  readonly #parts: WorkerServiceParts
  readonly #stopping = new AbortController()
  readonly #exhausted = new AbortController()
  /** What was opened, to be closed in reverse order. */
  readonly #opened = new AsyncDisposableStack()
  #working: Working | undefined
  #learning: Promise<unknown> | undefined
  #taken: Taken | undefined
  #stopped: Promise<void> | undefined

  constructor(parts: WorkerServiceParts) {
    this.#parts = parts
  }

  /** Aborted when it cannot go on for long: too many threads are stuck, and only the end of the process ends them. */
  get exhausted(): AbortSignal {
    return this.#exhausted.signal
  }

  /** How many threads of modules there are that cannot be ended. */
  get stuck(): number {
    return this.#working?.cells.stuck ?? 0
  }

  /** How many runs execute. */
  get running(): number {
    return this.#working?.worker.running.length ?? 0
  }

  /** Whether it asks the broker for work. */
  get isTaking(): boolean {
    return this.#working?.worker.isTaking ?? false
  }

  async start(): Promise<void> {
    const { settings, host, emit } = this.#parts
    const { name, pid } = host
    const clock = systemClock
    const cgroups = await this.#openCgroups()
    if (this.#stopping.signal.aborted) return
    tellOwnTasks(settings)
    const guard = openGuard({
      onLost: (reason) => emit({ from: 'worker', event: { kind: 'guardLost', reason } }),
    })
    this.#opened.defer(() => guard.close())
    const cells = new Cells({
      clock,
      guard,
      cgroups,
      environment: cellEnvironment(host.env),
      emit: (event) => this.#tell(event),
      exhausted: () => this.#exhausted.abort(),
    })
    this.#opened.defer(() => cells.close())
    const modules = this.#opened.use(new TaskModules({ clock }))
    const library = new TaskLibrary({
      list: () => cells.list(),
      modules,
      queueProblem: queueNameProblem,
    })
    const path = journalPath(settings)
    refuseWithoutAccess(path)
    const journal = openSqliteJournal({ path, create: true, host: name, pid })
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
    // Commands do not wait for modules, nor for what one of them does at its top level.
    const { registry } = createRegistry({
      definitions: settings.tasks,
      modules: [],
      defaults: settings.taskDefaults,
      queueProblem: queueNameProblem,
    })
    const learning = this.#learn({ cells, library }, settings).then((stock) => stock?.registry ?? registry)
    this.#learning = learning
    const worker = new Worker({
      registry,
      learning,
      ...appetiteOf(settings),
      broker,
      journal,
      guard,
      host: name,
      executors: {
        command: new CommandExecutor({ clock, guard, cgroups, environment: host.env }),
        inline: new InlineExecutor({ clock }),
        ...cells.executors,
      },
      clock,
      random: Math.random,
      emit: (event) => emit({ from: 'worker', event }),
      refresh: this.#parts.refresh,
    })
    this.#working = { worker, cells, library }
    releaseMemory() // while there is nothing yet that it could hold up
    await worker.start()
  }

  async #openCgroups(): Promise<DelegatedCgroup | undefined> {
    const { env, pid } = this.#parts.host
    const onFailed = (reason: string, run?: string): void => this.#tell({ kind: 'cgroupFailed', reason, run })
    const found = await openDelegatedCgroup({ env, pid, onFailed })
    const isThere = found instanceof DelegatedCgroup
    this.#tell(isThere ? { kind: 'cgroupsFound', path: found.path } : { kind: 'cgroupsMissing', ...found })
    return isThere ? found : undefined
  }

  /** Takes tasks, queues, concurrency and grace of these settings; the rest needs a restart. */
  async reload(settings: Settings): Promise<void> {
    if (!this.#working) return
    await this.#learning
    const stock = await this.#learn(this.#working, settings)
    if (stock) this.#working.worker.reload({ registry: stock.registry, ...appetiteOf(settings) })
  }

  /** Whether `reload` with these settings would change anything: what they say of tasks, or a file of a module. */
  async hasNews(settings: Settings): Promise<boolean> {
    const taken = this.#taken
    if (!this.#working || !taken) return true
    if (!isDeepStrictEqual(taken, taskSettings(settings))) return true
    return this.#working.library.hasNews(settings.worker.modules)
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

  /** Finds out what tasks there are by these settings; undefined when the service stops meanwhile. */
  async #learn(
    { cells, library }: Pick<Working, 'cells' | 'library'>,
    settings: Settings,
  ): Promise<Stock | undefined> {
    const { tasks: definitions, taskDefaults: defaults, worker } = settings
    cells.renew({ patterns: worker.modules, heapBytes: worker.heapBytes, recycle: worker.recycle })
    const loading = library.load({ definitions, defaults, patterns: worker.modules })
    const waited = new AbortController()
    const stock = await Promise.race([loading, whenAborted(this.#stopping.signal, waited.signal)])
    waited.abort()
    if (!stock) return undefined
    this.#taken = taskSettings(settings)
    for (const { file, reason } of stock.problems) this.#tell({ kind: 'moduleFailed', file, reason })
    if (stock.imported > 0)
      this.#tell({ kind: 'modulesLoaded', files: stock.imported, tasks: stock.tasks.length })
    return stock
  }

  #tell(event: WorkerEvent): void {
    this.#parts.emit({ from: 'worker', event })
  }

  async #prune(journal: Journal): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      const now = await steadyNow(systemClock, signal)
      if (now === undefined) return
      try {
        const { givenUp } = await journal.prune(now, signal)
        if (givenUp > 0) this.#tell({ kind: 'noticesGivenUp', count: givenUp })
      } catch {
        // Whoever writes next meets the same trouble and tells of it; old rows do no harm meanwhile.
      }
      await systemClock.sleep(pruneEvery, signal)
    }
  }
}

/** Listens no longer than until `over` is aborted. */
function whenAborted(signal: AbortSignal, over: AbortSignal): Promise<undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  signal.addEventListener('abort', () => resolve(undefined), { once: true, signal: over })
  return promise
}

function taskSettings({ tasks, taskDefaults, worker }: Settings): Taken {
  return { tasks, taskDefaults, worker }
}

function appetiteOf({ worker: { queues, concurrency, grace } }: Settings): Omit<WorkerPlan, 'registry'> {
  return { queues, concurrency, grace }
}
