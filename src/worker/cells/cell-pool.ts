import type { Clock } from '../../core/clock.ts'
import { type Milliseconds, milliseconds } from '../../core/instant.ts'
import type { Interruption } from '../interruption.ts'
import type { ModuleListing } from '../module-listing.ts'
import type { EmitWorkerEvent } from '../worker-event.ts'
import type { OpenCell } from './cell.ts'
import { type CellPlan, TaskCell } from './task-cell.ts'

export interface CellPoolParts {
  readonly isolation: 'thread' | 'process'
  readonly open: OpenCell
  readonly clock: Clock
  readonly emit: EmitWorkerEvent
  /** So many are stuck that no more can be left behind. */
  readonly exhausted: () => void
}

/** A cell that has had nothing to do for so long is ended. */
const longestIdleness = milliseconds(60_000)

/** Each takes memory that only the end of the worker gives back. */
export const mostStuck = 10

interface Idle {
  readonly cell: TaskCell
  readonly since: Milliseconds
}

/**
 * The cells of a worker, of one kind. They are opened when they are needed, so that there are never more than runs at
 * once, kept for the next run, and ended when nobody needs them for a while. After `renew` only fresh ones are handed
 * out; what still runs ends with its cell.
 */
export class CellPool {
  readonly #parts: CellPoolParts
  /** The one that was used last is the last: it is handed out first, and the others grow old. */
  #idle: Idle[] = []
  /** The cells that serve the present modules. */
  #current = new Set<TaskCell>()
  readonly #all = new Set<TaskCell>()
  readonly #stuck = new Set<TaskCell>()
  readonly #closed = new AbortController()
  #plan: CellPlan = { patterns: [], heapBytes: 0, recycle: {} }
  #tidying = false

  constructor(parts: CellPoolParts) {
    this.#parts = parts
  }

  /** How many of them do not end. */
  get stuck(): number {
    return this.#stuck.size
  }

  /** From now on cells are opened by this plan. Those that run are ended when they have. */
  renew(plan: CellPlan): void {
    this.#plan = plan
    this.#current = new Set()
    for (const { cell } of this.#idle.splice(0)) void this.end(cell)
  }

  /** What is in the modules, as a fresh cell finds it; text, the reason, when there is no telling. */
  async list(): Promise<ModuleListing | string> {
    const cell = this.#open()
    const loaded = await cell.loaded
    this.give(cell)
    return loaded
  }

  /** A cell for one attempt; a reason when there can be none, undefined when it was interrupted before. */
  async take(interrupt: Interruption): Promise<TaskCell | string | undefined> {
    if (interrupt.aborted) return undefined
    for (let warm = this.#idle.pop(); warm; warm = this.#idle.pop()) if (warm.cell.isIdle) return warm.cell
    const cell = this.#open()
    const { promise: interrupted, resolve } = Promise.withResolvers<undefined>()
    const end = (): void => resolve(undefined)
    interrupt.addEventListener('abort', end)
    const loaded = await Promise.race([cell.loaded, interrupted])
    interrupt.removeEventListener('abort', end)
    if (loaded === undefined) void cell.loaded.then(() => this.give(cell))
    else if (typeof loaded === 'string') return `its ${this.#parts.isolation} could not be started: ${loaded}`
    return loaded && cell
  }

  /** Takes a cell back, for the next attempt if it is fit for one. */
  give(cell: TaskCell): void {
    if (!cell.isIdle) return
    if (this.#closed.signal.aborted || !this.#current.has(cell) || this.#isWorn(cell)) {
      void this.end(cell)
      return
    }
    this.#idle.push({ cell, since: this.#parts.clock.monotonic() })
    if (!this.#tidying) void this.#tidy()
  }

  /** Ends a cell, also while it runs. Resolves when it is gone, or is known to be stuck. */
  end(cell: TaskCell, how = 'it was ended'): Promise<void> {
    return cell.kill(how)
  }

  async close(): Promise<void> {
    this.#closed.abort()
    this.#idle = []
    await Promise.all([...this.#all].filter((cell) => !this.#stuck.has(cell)).map((cell) => this.end(cell)))
  }

  #open(): TaskCell {
    const { open, clock, emit, isolation } = this.#parts
    const cell = new TaskCell(open, this.#plan, {
      clock,
      printed: (stream, line) => emit({ kind: 'modulePrinted', isolation, stream, line }),
      stuck: () => this.#leaveBehind(cell),
    })
    this.#all.add(cell)
    this.#current.add(cell)
    void cell.gone.then(({ how, isNews }) => {
      this.#idle = this.#idle.filter((idle) => idle.cell !== cell)
      for (const set of [this.#all, this.#current, this.#stuck]) set.delete(cell)
      if (isNews) emit({ kind: 'cellLost', isolation, reason: how })
    })
    return cell
  }

  #leaveBehind(cell: TaskCell): void {
    if (!this.#all.has(cell) || this.#stuck.has(cell)) return
    this.#stuck.add(cell)
    const { emit, isolation, exhausted } = this.#parts
    emit({ kind: 'cellStuck', isolation, stuck: this.#stuck.size, most: mostStuck })
    if (this.#stuck.size >= mostStuck) exhausted()
  }

  #isWorn(cell: TaskCell): boolean {
    const { runs = Number.POSITIVE_INFINITY, memory = Number.POSITIVE_INFINITY } = this.#plan.recycle
    return cell.isSpent || cell.runs >= runs || cell.memory >= memory
  }

  /** Ends what is idle for too long, as long as there is anything idle. */
  async #tidy(): Promise<void> {
    const { clock } = this.#parts
    this.#tidying = true
    for (let oldest = this.#idle[0]; oldest; oldest = this.#idle[0]) {
      const rest = oldest.since + longestIdleness - clock.monotonic()
      if (rest > 0) await clock.sleep(milliseconds(rest), this.#closed.signal)
      else void this.end((this.#idle.shift() as Idle).cell)
    }
    this.#tidying = false
  }
}
