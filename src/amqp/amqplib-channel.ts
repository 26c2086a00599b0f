import { newUuid } from '../core/uuid.ts'
import { Acknowledgements } from './acknowledgements.ts'
import type { RawChannel, RawConfirmChannel, RawMessage } from './amqplib-connect.ts'
import type { AmqplibSession } from './amqplib-session.ts'
import { ConfirmWindow, publishRaw } from './confirm-window.ts'
import { copyTable } from './header-table.ts'
import { isReceived, toReceived } from './incoming.ts'
import {
  type Channel,
  type ConsumeOptions,
  type ExchangeDeclaration,
  type Incoming,
  type Outgoing,
  type PublishOutcome,
  type QueueCounts,
  type QueueDeclaration,
  RefusedError,
  type Subscription,
} from './session.ts'

export interface ChannelParts {
  readonly raw: RawChannel | RawConfirmChannel
  readonly session: AmqplibSession
  readonly confirm: boolean
  /** The broker may close it without that the session ends. */
  readonly apart: boolean
}

/**
 * One channel of a session. The broker closes a channel on whatever it refuses, and nothing that went on in it can be
 * known any more: so its end is the end of its session, but for one that was opened to ask one thing apart.
 */
export class AmqplibChannel implements Channel {
  readonly #raw: RawChannel | RawConfirmChannel
  readonly #session: AmqplibSession
  readonly #apart: boolean
  readonly #window: ConfirmWindow | undefined
  readonly #over = new AbortController()
  readonly #acknowledgements = new Acknowledgements((raw, upTo) =>
    this.#write(() => this.#raw.ack(raw, upTo)),
  )
  #closing: Promise<void> | undefined

  /** To be called in the same turn in which the channel was opened: an error that nobody hears ends the process. */
  constructor({ raw, session, confirm, apart }: ChannelParts) {
    this.#raw = raw
    this.#session = session
    this.#apart = apart
    raw.on('error', (error) => {
      if (!apart) session.destroy(error)
    })
    // Before amqplib's own listener, which ends all that is unconfirmed with an error that looks like a refusal.
    raw.prependListener('close', () => this.#end(new Error('the channel was closed')))
    const onLost = () => this.#end(session.lost.reason)
    session.lost.addEventListener('abort', onLost, { once: true })
    this.lost.addEventListener('abort', () => session.lost.removeEventListener('abort', onLost), {
      once: true,
    })
    if (confirm) this.#window = new ConfirmWindow(raw as RawConfirmChannel, this.#surroundings())
  }

  get lost(): AbortSignal {
    return this.#over.signal
  }

  /** The broker reads again. */
  resume(): void {
    this.#window?.resume()
  }

  async declareQueue(queue: QueueDeclaration): Promise<QueueCounts> {
    const { messageCount, consumerCount } = await this.#ask(`declare the queue ${queue.name}`, () =>
      this.#raw.assertQueue(queue.name, {
        durable: queue.durable,
        exclusive: queue.exclusive ?? false,
        autoDelete: queue.autoDelete ?? false,
        arguments: copyTable(queue.arguments),
      }),
    )
    return { messages: messageCount, consumers: consumerCount }
  }

  async checkQueue(name: string): Promise<QueueCounts | undefined> {
    try {
      const counts = await this.#ask(`look at the queue ${name}`, () => this.#raw.checkQueue(name))
      return { messages: counts.messageCount, consumers: counts.consumerCount }
    } catch (error) {
      if (error instanceof RefusedError && error.replyCode === 404) return undefined
      throw error
    }
  }

  async deleteQueue(name: string): Promise<void> {
    await this.#ask(`delete the queue ${name}`, () => this.#raw.deleteQueue(name))
  }

  async declareExchange({ name, type, durable, alternate }: ExchangeDeclaration): Promise<void> {
    const options = { durable, ...(alternate === undefined ? {} : { alternateExchange: alternate }) }
    await this.#ask(`declare the exchange ${name}`, () => this.#raw.assertExchange(name, type, options))
  }

  async bind(queue: string, exchange: string, routingKey: string): Promise<void> {
    await this.#ask(`bind the queue ${queue}`, () => this.#raw.bindQueue(queue, exchange, routingKey, {}))
  }

  async consume(
    queue: string,
    options: ConsumeOptions,
    take: (incoming: Incoming) => void,
  ): Promise<Subscription> {
    const { noAck = false, exclusive = false, fromFirst = false, prefetch } = options
    const receive = (raw: RawMessage | null) => {
      if (this.lost.aborted) return
      if (!raw) return this.#session.destroy(new Error(`the broker cancelled the consumer of ${queue}`))
      if (!noAck) this.#acknowledgements.came(raw)
      try {
        take(toReceived(queue, raw, this))
      } catch (error) {
        // amqplib would close the channel and tell nobody why.
        this.#session.destroy(error instanceof Error ? error : new Error(String(error)))
      }
    }
    const { consumerTag } = await this.#ask(`consume from ${queue}`, async () => {
      // Both in one turn: it holds for the consumers that are asked for after it.
      const limited = prefetch === undefined ? undefined : this.#raw.prefetch(prefetch)
      const args = fromFirst ? { 'x-stream-offset': 'first' } : {}
      const consuming = this.#raw.consume(queue, receive, { noAck, exclusive, arguments: args })
      return (await Promise.all([consuming, limited]))[0]
    })
    return {
      cancel: async () => {
        if (this.lost.aborted) return
        await this.#ask(`stop consuming from ${queue}`, () => this.#raw.cancel(consumerTag))
      },
    }
  }

  async get(queue: string): Promise<Incoming | undefined> {
    const raw = await this.#ask(`get a message from ${queue}`, () => this.#raw.get(queue))
    if (raw === false) return undefined
    this.#acknowledgements.came(raw)
    return toReceived(queue, raw, this)
  }

  async publish(outgoing: Outgoing): Promise<PublishOutcome> {
    if (this.#window) return this.#window.publish(outgoing)
    const reason = 'it was published without asking for a confirm'
    try {
      publishRaw(this.#raw, outgoing, outgoing.messageId ?? newUuid(), () => {})
    } catch (error) {
      return { kind: this.lost.aborted ? 'unknown' : 'refused', reason: String(error) }
    }
    return { kind: 'unknown', reason }
  }

  ack(incoming: Incoming): void {
    this.#acknowledgements.add(this.#release(incoming))
  }

  /** An acknowledgement has no answer; a question that follows it on its channel is answered after it. */
  async acksTaken(): Promise<void> {
    this.#acknowledgements.flush()
    await this.#ask('acknowledge', () => this.#raw.checkExchange('amq.direct'))
  }

  giveBack(incoming: Incoming): void {
    const raw = this.#release(incoming)
    this.#acknowledgements.gaveBack(raw)
    this.#write(() => this.#raw.nack(raw, false, true))
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  #release(incoming: Incoming): RawMessage {
    if (!isReceived(incoming)) throw new Error('only what a channel has handed out can be acknowledged')
    return incoming.hold.release(this)
  }

  /** What cannot be settled because its channel is over is delivered again by the broker, to whoever is next. */
  #write(settle: () => void): void {
    if (this.lost.aborted) return
    try {
      settle()
    } catch (error) {
      this.#session.destroy(error instanceof Error ? error : new Error(String(error)))
    }
  }

  async #ask<T>(operation: string, answer: () => Promise<T>): Promise<T> {
    try {
      return await this.#session.within(operation, answer)
    } catch (error) {
      const code = replyCodeOf(error)
      if (code === undefined || !this.#apart)
        throw this.#session.lost.aborted ? this.#session.lost.reason : error
      throw new RefusedError(operation, code, reasonIn(error))
    }
  }

  async #close(): Promise<void> {
    if (this.lost.aborted) return
    this.#acknowledgements.flush()
    try {
      await this.#session.within('close a channel', () => this.#raw.close())
    } catch {
      // it is over, which is what was asked for
    }
    this.#end(new Error('the channel was closed'))
  }

  #end(reason: Error): void {
    if (this.lost.aborted) return
    const closedByUs = this.#closing !== undefined || this.#apart
    this.#over.abort(reason)
    // A connection that ends closes its channels, and says in the same turn, but after them, why.
    if (!closedByUs) queueMicrotask(() => this.#session.destroy(reason))
  }

  #surroundings(): ConstructorParameters<typeof ConfirmWindow>[1] {
    const session = this.#session
    return {
      clock: session.clock,
      deadlines: session.deadlines,
      lost: this.lost,
      get blocked() {
        return session.blocked
      },
      get readsSince() {
        return session.readsSince
      },
      destroy: (reason) => session.destroy(reason),
    }
  }
}

/** The number with which the broker closed the channel, which amqplib hands through. */
function replyCodeOf(error: unknown): number | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'number' ? code : undefined
}

/** What the broker said, without what amqplib puts around it; for people only. */
function reasonIn(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return /with message "(.*)"$/s.exec(text)?.[1] ?? text
}
