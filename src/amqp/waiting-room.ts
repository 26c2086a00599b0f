import { type Clock, longestNap } from '../core/clock.ts'
import { Heap } from '../core/heap.ts'
import { between, type Instant, milliseconds } from '../core/instant.ts'
import type { TaskMessage } from '../task/task-message.ts'

/** Something with a message that is not due yet. */
export interface Waiting {
  readonly message: TaskMessage
}

export interface WaitingRoomParts<T extends Waiting> {
  readonly clock: Clock
  /** Its ETA has come: never earlier, and the earliest first. Must not throw. */
  readonly due: (item: T) => void
}

/**
 * Where messages wait for their ETA in the worker: a heap and one timer, whatever their number. Of messages with one
 * ETA the more important leaves first.
 *
 * It naps for a minute at the most, because the wall clock can be set meanwhile.
 */
export class WaitingRoom<T extends Waiting> {
  readonly #parts: WaitingRoomParts<T>
  readonly #heap = new Heap<T>((a, b) => inOrderOfEta(a.message, b.message))
  #nap = new AbortController()
  #watching = false
  #closed = false

  constructor(parts: WaitingRoomParts<T>) {
    this.#parts = parts
  }

  get size(): number {
    return this.#heap.size
  }

  add(item: T): void {
    this.#heap.push(item)
    if (this.#heap.first !== item) return
    this.#nap.abort()
    if (!this.#watching) void this.#watch()
  }

  /** Takes out the so many with the latest ETA, as far as it is later than this. */
  takeFurthest(count: number, laterThan: Instant): T[] {
    const furthest = Map.groupBy(this.#heap.takeLast(count), ({ message }) => message.eta > laterThan)
    for (const item of furthest.get(false) ?? []) this.#heap.push(item)
    return furthest.get(true) ?? []
  }

  /** Takes out everything; nobody enters any more. */
  close(): T[] {
    this.#closed = true
    this.#nap.abort()
    return this.#heap.clear()
  }

  /** Runs while anybody waits. */
  async #watch(): Promise<void> {
    const { clock } = this.#parts
    this.#watching = true
    for (let next = this.#letGo(); next && !this.#closed; next = this.#letGo()) {
      this.#nap = new AbortController()
      const pause = Math.min(between(clock.now(), next.message.eta), longestNap)
      await clock.sleep(milliseconds(pause), this.#nap.signal)
    }
    this.#watching = false
  }

  /** Lets go who is due, and says who is next. */
  #letGo(): T | undefined {
    const now = this.#parts.clock.now()
    for (let item = this.#heap.first; item && item.message.eta <= now; item = this.#heap.first) {
      this.#heap.pop()
      this.#parts.due(item)
    }
    return this.#heap.first
  }
}

/** By ETA, then the larger priority first. */
export function inOrderOfEta(a: TaskMessage, b: TaskMessage): number {
  return a.eta - b.eta || b.priority - a.priority
}
