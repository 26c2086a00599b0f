/**
 * The lanes of one queue in one session. Every worker subscribes to all of them; the broker makes the one that
 * subscribed first the active consumer of each, and when it goes, the next in line follows at once.
 *
 * So that the first worker does not keep all of them, each lane has an owner, on which all workers agree because they
 * know of each other (peers). Who is not the owner steps aside once after each change among the workers: it cancels,
 * gives back what it has not started, and subscribes again behind all others. When all but the owner have done that,
 * the owner is the first in line. Nobody steps aside while a run of the lane executes: that is what keeps two runs of an
 * entry apart. So who owns what is a matter of balance, and who may start a run is the broker's word alone.
 */
import type { Lane } from './lane.ts'

export class Lanes {
  readonly #lanes: readonly Lane[]
  readonly #onFailure: (error: unknown) => void
  /** Lanes that are still to be left to their owner. */
  readonly #toLeave = new Set<Lane>()

  constructor(lanes: readonly Lane[], onFailure: (error: unknown) => void) {
    this.#lanes = lanes
    this.#onFailure = onFailure
  }

  get waiting(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.waiting, 0)
  }

  async subscribe(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.subscribe()))
  }

  async unsubscribe(): Promise<void> {
    this.#toLeave.clear()
    await Promise.all(this.#lanes.map((lane) => lane.unsubscribe()))
  }

  /** The workers are others than before. `workers`: all of them, this one included, in an order on which they agree. */
  share(workers: readonly string[], self: string): void {
    this.#toLeave.clear()
    for (const [index, lane] of this.#lanes.entries()) {
      if (workers.length > 0 && workers[index % workers.length] !== self) this.#toLeave.add(lane)
    }
    for (const lane of [...this.#toLeave]) this.#tryToLeave(lane)
  }

  /** Nothing of this lane executes here any more. */
  idle(queue: string): void {
    for (const lane of this.#toLeave) if (lane.queue === queue) this.#tryToLeave(lane)
  }

  close(): void {
    this.#toLeave.clear()
    for (const lane of this.#lanes) lane.close()
  }

  #tryToLeave(lane: Lane): void {
    lane.stepAside().then((stepped) => {
      if (stepped) this.#toLeave.delete(lane)
    }, this.#onFailure)
  }
}
