import type { Broker } from '../broker/broker.ts'
import type { Settings } from '../config/settings.ts'
import { systemClock } from '../core/clock.ts'
import { milliseconds } from '../core/instant.ts'
import type { Service } from '../core/service.ts'
import type { Journal } from '../journal/journal.ts'
import type { TaskbeatEvent } from '../observe/narrate.ts'
import { openSqliteBroker } from '../sqlite/sqlite-broker.ts'
import { openSqliteJournal } from '../sqlite/sqlite-journal.ts'
import { type Guard, openGuard } from '../system/guard.ts'
import { CommandExecutor } from '../worker/executors/command-executor.ts'
import { InlineExecutor } from '../worker/executors/inline-executor.ts'
import { createRegistry } from '../worker/registry.ts'
import { TaskModules } from '../worker/task-modules.ts'
import { Worker, type WorkerPlan } from '../worker/worker.ts'
import type { Host } from './host.ts'
import { journalPath } from './paths.ts'

export interface WorkerServiceParts {
  readonly settings: Settings
  readonly host: Host
  readonly emit: (told: TaskbeatEvent) => void
  /** A task is not known: reads the configuration again and calls `reload` before it resolves. */
  readonly refresh: () => Promise<void>
}

const pruneEvery = milliseconds(600_000)

/** What is there while the service runs. */
interface Open {
  readonly broker: Broker
  readonly journal: Journal
  readonly guard: Guard
  readonly modules: TaskModules
  readonly worker: Worker
  readonly pruning: Promise<void>
}

/** The worker with what it stands on, opened and closed together. */
export class WorkerService implements Service {
  readonly name = 'worker'
  readonly #parts: WorkerServiceParts
  readonly #closing = new AbortController()
  #open: Open | undefined
  #stopped: Promise<void> | undefined

  constructor(parts: WorkerServiceParts) {
    this.#parts = parts
  }

  async start(): Promise<void> {
    const { settings, host, emit } = this.#parts
    const { name, pid } = host
    const broker = openSqliteBroker({
      path: settings.broker.path,
      create: true,
      clock: systemClock,
      host: name,
      pid,
      emit: (event) => emit({ from: 'broker', event }),
    })
    const journal = openSqliteJournal({ path: journalPath(settings), create: true, host: name, pid })
    const guard = openGuard({
      onLost: (reason) => emit({ from: 'worker', event: { kind: 'guardLost', reason } }),
    })
    const modules = new TaskModules({ clock: systemClock })
    const worker = new Worker({
      ...(await this.#plan(modules, settings)),
      broker,
      journal,
      guard,
      executors: {
        command: new CommandExecutor({ clock: systemClock, guard, environment: host.env }),
        inline: new InlineExecutor({ clock: systemClock }),
      },
      clock: systemClock,
      random: Math.random,
      emit: (event) => emit({ from: 'worker', event }),
      refresh: this.#parts.refresh,
    })
    this.#open = { broker, journal, guard, modules, worker, pruning: this.#prune(journal) }
    await worker.start()
  }

  /** Takes tasks, queues, concurrency and grace of these settings; the rest needs a restart. */
  async reload(settings: Settings): Promise<void> {
    if (this.#open) this.#open.worker.reload(await this.#plan(this.#open.modules, settings))
  }

  stop(deadline: AbortSignal): Promise<void> {
    this.#stopped ??= this.#stop(deadline)
    return this.#stopped
  }

  async #stop(deadline: AbortSignal): Promise<void> {
    const open = this.#open
    if (!open) return
    await open.worker.stop(deadline)
    this.#closing.abort()
    await open.pruning
    await open.broker.close()
    await open.journal.close()
    open.modules[Symbol.dispose]()
    await open.guard.close()
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
    const { signal } = this.#closing
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
