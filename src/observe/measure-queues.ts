import type { BrokerStatus } from '../broker/broker-status.ts'
import type { Instruments, Level } from './instruments.ts'

/** Whoever may send may name a queue. */
const mostQueues = 100

/** What the broker says when it is asked, in figures. */
export class QueueMeasures {
  readonly #messages: Level
  readonly #delayed: Level
  readonly #workers: Level

  constructor(instruments: Instruments) {
    this.#messages = instruments.level({
      name: 'queue_messages',
      help: 'Messages of a queue: ready (due, not handed out), scheduled (not due), running (handed out), dead. Absent while the broker does not answer.',
      labels: ['queue', 'state'],
    })
    this.#delayed = instruments.level({
      name: 'delayed_messages',
      help: 'RabbitMQ: messages due so late that no queue counts them yet.',
    })
    this.#workers = instruments.level({ name: 'workers', help: 'Workers that the broker knows.' })
  }

  /** `undefined`: the broker did not answer. */
  show(status: BrokerStatus | undefined, served: readonly string[]): void {
    this.#messages.forget()
    this.#delayed.forget()
    this.#workers.forget()
    if (!status) return
    // A queue without messages may be no queue to the broker.
    for (const queue of served)
      for (const state of ['ready', 'scheduled', 'running', 'dead']) this.#messages.set(0, { queue, state })
    for (const { name: queue, ready, scheduled, running, dead } of status.queues.slice(0, mostQueues)) {
      this.#messages.set(ready, { queue, state: 'ready' })
      this.#messages.set(scheduled, { queue, state: 'scheduled' })
      this.#messages.set(running, { queue, state: 'running' })
      this.#messages.set(dead, { queue, state: 'dead' })
    }
    this.#delayed.set(status.delayed)
    this.#workers.set(status.workers.length)
  }
}
