/**
 * The lanes of one queue in one session. Every worker subscribes to all of them; the broker makes the one that
 * subscribed first the active consumer of each, and when it goes, the next in line follows at once.
 *
 * So that the first worker does not keep all of them, each lane has an owner, on which all workers agree because they
 * know of each other (peers). Who is not the owner steps aside once after each change among the workers: it cancels,
 * gives back what it has not started, and subscribes again behind all others. When all but the owner have done that,
 * the owner is the first in line. Who finds that it owns a lane that it has stepped aside from, because it knew less
 * then, says that it is behind, which counts as a change among the workers.
 *
 * Nobody leaves a lane while a run of it executes, neither to step aside nor to stop: whoever got the lane would know
 * nothing of that run. A lane that always has work is left between two runs, before the next of them starts. Where runs
 * of several entries overlap without a gap it stays where it is. So who owns what is a matter of balance, and who may
 * start a run is the broker's word alone.
 */
import type { Health } from './health.ts'
import type { Lane } from './lane.ts'

export interface LanesParts {
  /** This worker owns a lane and is behind others in it. */
  readonly behind: () => void
  readonly health: Health
}

const operation = 'leave a lane to another worker'

export class Lanes {
  readonly #lanes: readonly Lane[]
  readonly #parts: LanesParts
  /** Lanes that were left to others. */
  readonly #left = new Set<Lane>()
  /** Lanes that are still to be left to their owner. */
  readonly #toLeave = new Set<Lane>()

  #stopped = false
  #isOwn: (lane: Lane) => boolean = () => true

  constructor(lanes: readonly Lane[], parts: LanesParts) {
    this.#lanes = lanes
    this.#parts = parts
  }

  get waiting(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.waiting, 0)
  }

  async subscribe(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.subscribe()))
  }

  /**
   * Starts nothing more. A lane of which something executes here is held until it has ended: whoever got it would know
   * nothing of that run.
   */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#toLeave.clear()
    await Promise.all(this.#lanes.map((lane) => lane.stop()))
  }

  /** The workers are others than before. `workers`: all of them, this one included, in an order on which they agree. */
  share(workers: readonly string[], self: string): void {
    if (this.#stopped) return
    const owners = new Map(this.#lanes.map((lane, index) => [lane, workers[index % workers.length]]))
    this.#isOwn = (lane) => (owners.get(lane) ?? self) === self
    this.#toLeave.clear()
    for (const lane of this.#lanes) if (!this.#isOwn(lane)) this.#toLeave.add(lane)
    for (const lane of [...this.#toLeave]) this.#tryToLeave(lane)
    this.#reclaim()
  }

  /** Nothing of this lane executes here any more. */
  idle(queue: string): void {
    const lanes = this.#stopped ? this.#lanes : this.#toLeave
    for (const lane of lanes) if (lane.queue === queue) this.#tryToLeave(lane)
  }

  close(): void {
    this.#toLeave.clear()
    for (const lane of this.#lanes) lane.close()
  }

  #tryToLeave(lane: Lane): void {
    const { health } = this.#parts
    const leaving = this.#stopped ? lane.stop() : lane.stepAside()
    leaving.then(
      (stepped) => {
        health.succeeded(operation)
        if (!stepped || this.#stopped) return
        this.#toLeave.delete(lane)
        this.#left.add(lane)
        this.#reclaim()
      },
      (error: unknown) => lane.lost || health.failed(operation, error),
    )
  }

  #reclaim(): void {
    const behind = [...this.#left].filter((lane) => this.#isOwn(lane))
    for (const lane of behind) this.#left.delete(lane)
    if (behind.length > 0) this.#parts.behind()
  }
}
