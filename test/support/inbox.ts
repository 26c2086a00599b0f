import type { Delivery } from '../../src/broker/delivery.ts'

/** Deliveries as they come, to be awaited one by one. */
export class Inbox {
  readonly #arrived: Delivery[] = []
  readonly #waiting: ((delivery: Delivery) => void)[] = []
  /** When each arrived, by message id. */
  readonly arrivals: Map<string, number> = new Map()

  readonly deliver: (delivery: Delivery) => void = (delivery) => {
    this.arrivals.set(delivery.message.id, Date.now())
    const waiting = this.#waiting.shift()
    if (waiting) waiting(delivery)
    else this.#arrived.push(delivery)
  }

  get size(): number {
    return this.#arrived.length
  }

  next(): Promise<Delivery> {
    const arrived = this.#arrived.shift()
    if (arrived) return Promise.resolve(arrived)
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  async take(count: number): Promise<Delivery[]> {
    const deliveries: Delivery[] = []
    while (deliveries.length < count) deliveries.push(await this.next())
    return deliveries
  }
}
