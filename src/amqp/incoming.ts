import type { RawMessage } from './amqplib-connect.ts'
import { copyTable } from './header-table.ts'
import type { Incoming } from './session.ts'

/** A message as it came, with the hold on it that acknowledging takes. */
export interface Received extends Incoming {
  readonly hold: Hold
}

export function toReceived(queue: string, raw: RawMessage, channel: object): Received {
  const { fields, properties } = raw
  return {
    queue,
    exchange: fields.exchange,
    routingKey: fields.routingKey,
    redelivered: fields.redelivered,
    body: raw.content,
    headers: copyTable(properties.headers),
    messageId: properties.messageId,
    correlationId: properties.correlationId,
    replyTo: properties.replyTo,
    contentType: properties.contentType,
    contentEncoding: properties.contentEncoding,
    priority: properties.priority,
    hold: new Hold(raw, channel),
  }
}

/** What a channel handed out; nothing else can be acknowledged. */
export function isReceived(incoming: Incoming): incoming is Received {
  return 'hold' in incoming && incoming.hold instanceof Hold
}

/** On a message that is not settled: once, and for the channel that it came on. The broker ends a channel that does otherwise. */
class Hold {
  readonly #raw: RawMessage
  #channel: object | undefined

  constructor(raw: RawMessage, channel: object) {
    this.#raw = raw
    this.#channel = channel
  }

  /** What amqplib wants back. */
  release(channel: object): RawMessage {
    if (this.#channel !== channel)
      throw new Error('a message was acknowledged twice, or on a channel that it did not come on')
    this.#channel = undefined
    return this.#raw
  }
}
