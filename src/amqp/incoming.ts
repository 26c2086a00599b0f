import type { RawMessage } from './amqplib-connect.ts'
import { copyTable } from './header-table.ts'
import type { Incoming } from './session.ts'

/** A message as it came, on the channel on which alone it can be acknowledged. */
export class Received implements Incoming {
  readonly queue: string
  readonly exchange: string
  readonly routingKey: string
  readonly redelivered: boolean
  readonly body: Buffer
  readonly headers: Readonly<Record<string, unknown>>
  readonly messageId: string | undefined
  readonly correlationId: string | undefined
  readonly replyTo: string | undefined
  readonly contentType: string | undefined
  readonly contentEncoding: string | undefined
  readonly priority: number | undefined
  readonly #raw: RawMessage
  #channel: object | undefined

  constructor(queue: string, raw: RawMessage, channel: object) {
    const { fields, properties } = raw
    this.queue = queue
    this.exchange = fields.exchange
    this.routingKey = fields.routingKey
    this.redelivered = fields.redelivered
    this.body = raw.content
    this.headers = copyTable(properties.headers)
    this.messageId = properties.messageId
    this.correlationId = properties.correlationId
    this.replyTo = properties.replyTo
    this.contentType = properties.contentType
    this.contentEncoding = properties.contentEncoding
    this.priority = properties.priority
    this.#raw = raw
    this.#channel = channel
  }

  /** What amqplib wants back, once, and for the channel that it came on: the broker ends a channel that does otherwise. */
  take(channel: object): RawMessage {
    if (this.#channel !== channel)
      throw new Error('a message was acknowledged twice, or on a channel that it did not come on')
    this.#channel = undefined
    return this.#raw
  }
}
