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

/** Of equals the one who asked first. */
interface Place extends SlotRequest {
  readonly number: number
}

/** The slots of one process: a consumer that replaces another shares them with what that one handed out. */
export class SlotLedger {
  used = 0
  readonly freed: Set<() => void> = new Set()
}

/** How many runs a worker executes at once, and who is next when all slots are taken. */
export class SlotQueue {
  readonly #waiting = new Heap<Place>(
    (a, b) => b.priority - a.priority || a.eta - b.eta || a.number - b.number,
  )
  readonly #count: number
  readonly #ledger: SlotLedger
  readonly #spare: () => void
  readonly #serve = (): void => this.#grantWhileFree()
  #asked = 0
  #closed = false

  /** `spare` is called when a slot is free again that nobody waits for. */
  constructor(count: number, ledger: SlotLedger, spare: () => void) {
    this.#count = count
    this.#ledger = ledger
    this.#spare = spare
    ledger.freed.add(this.#serve)
  }

  get free(): number {
    return Math.max(0, this.#count - this.#ledger.used)
  }

  /** Starts it at once when a slot is free, otherwise when it is the first of those who wait. */
  ask(request: SlotRequest): void {
    if (this.#closed) return
    if (this.free > 0 && this.#waiting.size === 0) this.#grant(request)
    else this.#waiting.push({ ...request, number: this.#asked++ })
  }

  /** A slot is free again. */
  release(): void {
    this.#ledger.used--
    for (const serve of this.#ledger.freed) serve()
  }

  /** Nobody gets a slot any more. */
  close(): void {
    this.#closed = true
    this.#ledger.freed.delete(this.#serve)
    this.#waiting.clear()
  }

  #grantWhileFree(): void {
    while (!this.#closed && this.free > 0 && this.#waiting.size > 0)
      this.#grant(this.#waiting.pop() as SlotRequest)
    if (!this.#closed && this.free > 0) this.#spare()
  }

  #grant(request: SlotRequest): void {
    this.#ledger.used++
    if (!request.start()) this.#ledger.used--
  }
}
