import type { Clock } from '../../core/clock.ts'
import type { Executors } from '../executor.ts'
import type { ModuleListing } from '../module-listing.ts'
import type { ProcessGuard } from '../process-guard.ts'
import type { RunCgroups } from '../run-cgroups.ts'
import type { EmitWorkerEvent } from '../worker-event.ts'
import { CellExecutor } from './cell-executor.ts'
import { CellPool } from './cell-pool.ts'
import { processCells } from './process-cell.ts'
import type { CellPlan } from './task-cell.ts'
import { threadCells } from './thread-cell.ts'

export interface CellsParts {
  readonly clock: Clock
  readonly guard: ProcessGuard
  readonly cgroups?: RunCgroups | undefined
  readonly emit: EmitWorkerEvent
  /** What the code in cells finds in its environment. */
  readonly environment: Readonly<Record<string, string>>
  /** So many are stuck that the worker has to be started again. */
  readonly exhausted: () => void
}

/** All cells of a worker, of both kinds. It has none until one is needed. */
export class Cells {
  readonly executors: Pick<Executors, 'thread' | 'process'>
  readonly #threads: CellPool
  readonly #processes: CellPool

  constructor({ clock, guard, cgroups, emit, environment, exhausted }: CellsParts) {
    const options = { guard, cgroups, environment }
    this.#threads = new CellPool({ isolation: 'thread', open: threadCells(options), clock, emit, exhausted })
    this.#processes = new CellPool({
      isolation: 'process',
      open: processCells(options),
      clock,
      emit,
      exhausted,
    })
    this.executors = {
      thread: new CellExecutor({ pool: this.#threads, clock, guard }),
      process: new CellExecutor({ pool: this.#processes, clock, guard }),
    }
  }

  /** How many threads cannot be ended. */
  get stuck(): number {
    return this.#threads.stuck
  }

  /** From now on cells are opened by this plan; what runs goes on. */
  renew(plan: CellPlan): void {
    this.#threads.renew(plan)
    this.#processes.renew(plan)
  }

  /** What is in the modules; text, the reason, when there is no telling. */
  list(): Promise<ModuleListing | string> {
    return this.#threads.list()
  }

  async close(): Promise<void> {
    await Promise.all([this.#threads.close(), this.#processes.close()])
  }
}
