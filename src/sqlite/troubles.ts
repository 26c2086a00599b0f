import type { BrokerEvent } from '../broker/broker-event.ts'
import type { Clock } from '../core/clock.ts'
import type { Instant } from '../core/instant.ts'

/**
 * What this connection cannot do at present. A trouble is told once when it begins, and once when all are over,
 * however many meet it meanwhile, and however often a consumer is replaced by another.
 */
export class Troubles {
  readonly #clock: Clock
  readonly #emit: (event: BrokerEvent) => void
  readonly #operations = new Set<string>()
  #since: Instant | undefined

  constructor(clock: Clock, emit: (event: BrokerEvent) => void) {
    this.#clock = clock
    this.#emit = emit
  }

  failed(operation: string, error: unknown): void {
    this.#since ??= this.#clock.now()
    if (this.#operations.has(operation)) return
    this.#operations.add(operation)
    this.#emit({ kind: 'brokerFailed', operation, error })
  }

  worked(operation: string): void {
    if (!this.#operations.delete(operation) || this.#operations.size > 0 || this.#since === undefined) return
    this.#emit({ kind: 'brokerRecovered', since: this.#since })
    this.#since = undefined
  }
}
