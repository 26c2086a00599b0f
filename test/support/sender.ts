import { openAmqpBroker } from '../../src/amqp/amqp-broker.ts'
import type { TlsFiles } from '../../src/amqp/open-session.ts'
import type { Broker } from '../../src/broker/broker.ts'
import { describeError } from '../../src/core/errors.ts'
import type { TaskMessage } from '../../src/task/task-message.ts'
import { amqpOptions, type BrokerUrl } from './amqp-options.ts'
import { aMessage } from './messages.ts'

/** A message, and when the broker was asked to take it and said that it did. */
export interface Sent {
  readonly message: TaskMessage
  readonly askedAt: number
  /** Undefined until it is confirmed; NaN when it was not. */
  confirmedAt?: number
  /** Why it was not. */
  refusal?: Refusal
}

export interface Refusal {
  readonly at: number
  readonly reason: string
}

const tickMs = 50

/** An application that sends messages, steadily, and remembers which of them were confirmed. What was not it does not send again. */
export class Sender implements AsyncDisposable {
  readonly sent: Map<string, Sent> = new Map()
  readonly #broker: Broker
  readonly #underWay = new Set<Promise<void>>()
  #ticking: NodeJS.Timeout | undefined

  constructor(url: BrokerUrl, tls: TlsFiles = {}) {
    this.#broker = openAmqpBroker(amqpOptions(url, { tls }))
  }

  begin(perSecond: number, make: () => Partial<TaskMessage>): void {
    let owed = 0
    let last = performance.now()
    this.#ticking = setInterval(() => {
      const now = performance.now()
      owed += ((now - last) * perSecond) / 1_000
      last = now
      for (; owed >= 1; owed--) void this.send(make())
    }, tickMs)
  }

  send(change: Partial<TaskMessage>): Promise<Sent> {
    const sent: Sent = { message: aMessage(change), askedAt: Date.now() }
    this.sent.set(sent.message.id, sent)
    const published = this.#broker.publish([sent.message]).then(
      () => {
        sent.confirmedAt = Date.now()
      },
      (error: unknown) => {
        sent.confirmedAt = Number.NaN
        sent.refusal = { at: Date.now(), reason: describeError(error) }
      },
    )
    this.#underWay.add(published)
    return published.finally(() => this.#underWay.delete(published)).then(() => sent)
  }

  get confirmed(): readonly Sent[] {
    return [...this.sent.values()].filter(({ confirmedAt }) => confirmedAt !== undefined && confirmedAt >= 0)
  }

  /** Sends no more; resolves once it is known of each whether it was confirmed. */
  async end(): Promise<void> {
    clearInterval(this.#ticking)
    await Promise.all(this.#underWay)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#ticking)
    await this.#broker.close()
  }
}
