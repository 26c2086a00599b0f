import type { BrokerEvent } from '../broker/broker-event.ts'
import type { Clock } from '../core/clock.ts'

/** Tells of the first of several failures, and once when none is left. */
export class Health {
  readonly #failing = new Set<string>()
  readonly #clock: Clock
  readonly #emit: (event: BrokerEvent) => void

  constructor(clock: Clock, emit: (event: BrokerEvent) => void) {
    this.#clock = clock
    this.#emit = emit
  }

  failed(operation: string, error: unknown): void {
    if (this.#failing.size === 0) this.#emit({ kind: 'brokerFailed', operation, error })
    this.#failing.add(operation)
  }

  succeeded(operation: string): void {
    if (this.#failing.delete(operation) && this.#failing.size === 0) this.#recovered()
  }

  /** There is a new session that works: what failed in the former one is over, and is not always tried again. */
  begunAnew(): void {
    if (this.#failing.size === 0) return
    this.#failing.clear()
    this.#recovered()
  }

  #recovered(): void {
    this.#emit({ kind: 'brokerRecovered', since: this.#clock.now() })
  }
}
