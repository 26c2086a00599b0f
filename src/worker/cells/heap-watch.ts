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
 * further away, and what threads hold is looked at while they run, whenever the process has grown.
 */
export class HeapWatch {
  readonly #clock: Clock
  readonly #busy = new Set<WatchedHeap>()
  #isLooking = false

  constructor(clock: Clock) {
    this.#clock = clock
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
    let before = process.memoryUsage.rss()
    while (this.#busy.size > 0) {
      await this.#clock.sleep(lookEvery)
      const now = process.memoryUsage.rss()
      if (now < before + noticeable) {
        before = Math.min(before, now)
        continue
      }
      before = now
      for (const heap of this.#busy) void this.#ask(heap)
    }
    this.#isLooking = false
  }

  async #ask(heap: WatchedHeap): Promise<void> {
    const holds = await heap.measure().catch(() => 0)
    if (holds > heap.limit && this.#busy.has(heap)) heap.overstepped()
  }
}
