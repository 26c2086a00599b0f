import type { Clock } from '../../core/clock.ts'
import { milliseconds } from '../../core/instant.ts'

/** A thread whose heap has a limit. */
export interface WatchedHeap {
  /** How much it holds; rejects when the thread is gone. */
  measure(): Promise<number>
  readonly limit: number
  /** It holds more than it may. */
  overstepped(): void
}

/** A loop that only allocates fills some hundred MB in that time. */
const lookEvery = milliseconds(100)

/** Less growth of the whole process is no reason to ask every thread. */
const noticeable = 16 * 1_048_576

/**
 * Ends threads that hold more than they may. V8's own limit of a thread's heap is no wall: when an array or a map is
 * to grow beyond it, V8 ends the whole process (Node 24.21: `array.push` in a loop does it). So that limit is set
 * further away, and what threads hold is looked at while they run, whenever the process has grown since it was last
 * looked at: in one run, or over many short ones.
 *
 * Both asking and ending take an interruption, for which V8 does not look in every optimised loop (one that calls
 * `array.fill` and little else): what takes ever more in such a loop ends the process. Only a process contains that.
 */
export class HeapWatch {
  readonly #clock: Clock
  readonly #busy = new Set<WatchedHeap>()
  /** How much the process held when threads were asked last, or less since. */
  #before: number
  readonly #memory: () => number
  #isLooking = false

  constructor(clock: Clock, memory: () => number = () => process.memoryUsage.rss()) {
    this.#clock = clock
    this.#memory = memory
    this.#before = memory()
  }

  add(heap: WatchedHeap): void {
    this.#busy.add(heap)
    if (!this.#isLooking) void this.#look()
  }

  remove(heap: WatchedHeap): void {
    this.#busy.delete(heap)
  }

  async #look(): Promise<void> {
    this.#isLooking = true
    while (this.#busy.size > 0) {
      const now = this.#memory()
      if (now < this.#before + noticeable) this.#before = Math.min(this.#before, now)
      else {
        this.#before = now
        for (const heap of this.#busy) void this.#ask(heap)
      }
      await this.#clock.sleep(lookEvery)
    }
    this.#isLooking = false
  }

  /** A run may have ended before the answer is there: its thread is of no use to the next one either. */
  async #ask(heap: WatchedHeap): Promise<void> {
    const holds = await heap.measure().catch(() => 0)
    if (holds > heap.limit) heap.overstepped()
  }
}
