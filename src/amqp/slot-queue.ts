import { Heap } from '../core/heap.ts'
import type { Instant } from '../core/instant.ts'

/** Somebody who wants a slot. */
export interface SlotRequest {
  /** Larger first. */
  readonly priority: number
  /** Of equal priority the earlier first. */
  readonly eta: Instant
  /** Called with a slot in hand. False = it is not wanted any more, and goes to the next. */
  readonly start: () => boolean
}

/** How many runs a worker executes at once, and who is next when all slots are taken. */
export class SlotQueue {
  readonly #waiting = new Heap<SlotRequest>((a, b) => b.priority - a.priority || a.eta - b.eta)
  #free: number
  #closed = false

  constructor(count: number) {
    this.#free = count
  }

  get hasFree(): boolean {
    return this.#free > 0
  }

  /** Starts it at once when a slot is free, otherwise when it is the first of those who wait. */
  ask(request: SlotRequest): void {
    if (this.#closed) return
    if (this.#free > 0 && this.#waiting.size === 0) this.#grant(request)
    else this.#waiting.push(request)
  }

  /** A slot is free again. */
  release(): void {
    this.#free++
    while (!this.#closed && this.#free > 0 && this.#waiting.size > 0)
      this.#grant(this.#waiting.pop() as SlotRequest)
  }

  /** Nobody gets a slot any more. */
  close(): void {
    this.#closed = true
    this.#waiting.clear()
  }

  #grant(request: SlotRequest): void {
    this.#free--
    if (!request.start()) this.#free++
  }
}
