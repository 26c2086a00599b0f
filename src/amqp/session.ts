/**
 * One life of one connection to RabbitMQ, in our words: everything above this file knows only these.
 *
 * A session dies whole and is replaced, never repaired. Every operation has a deadline; whatever breaks it, and every
 * other doubt, destroys the socket and aborts `lost`. Nothing is ever sent again by itself on the next session: whoever
 * was interrupted derives again what is to be done.
 */
export interface Session {
  /** Aborted when it is over; the reason is an Error that says why. */
  readonly lost: AbortSignal
  /** While it is set the broker reads nothing that is published: a memory or disk alarm. */
  readonly blocked: boolean
  openChannel(options: ChannelOptions): Promise<Channel>
  /**
   * Runs one declaration or check on a channel of its own, because one that the broker refuses closes its channel.
   * Rejects with a RefusedError (its code is that of AMQP: 404, 405, 406, 403) and the session lives on.
   */
  apart<T>(operation: string, run: (channel: Channel) => Promise<T>): Promise<T>
  /** Ends it in order, within two seconds; harmless twice. */
  close(): Promise<void>
  /** Ends it at once, because something about it is in doubt. */
  destroy(reason: Error): void
}

export interface ChannelOptions {
  /** Publishing on it is confirmed. */
  readonly confirm: boolean
  /** How many deliveries may be unacknowledged; 0 = no bound. Holds for each consumer of the channel. */
  readonly prefetch: number
}

export interface Channel {
  /** Aborted when the channel or its session is over. A channel that is closed by the broker ends its session too. */
  readonly lost: AbortSignal
  declareQueue(queue: QueueDeclaration): Promise<QueueCounts>
  /** Undefined = there is none. Closes the channel then, so use it `apart`. */
  checkQueue(name: string): Promise<QueueCounts | undefined>
  deleteQueue(name: string): Promise<void>
  declareExchange(exchange: ExchangeDeclaration): Promise<void>
  bind(queue: string, exchange: string, routingKey: string): Promise<void>
  /** Starts a consumer. When the broker cancels it (queue deleted, consumer timeout) the session is destroyed. */
  consume(queue: string, options: ConsumeOptions, take: (incoming: Incoming) => void): Promise<Subscription>
  /** One message, or undefined when none is ready. */
  get(queue: string): Promise<Incoming | undefined>
  /** Resolves with what the broker said of it; never rejects. Without `confirm`: resolves once it is written. */
  publish(outgoing: Outgoing): Promise<PublishOutcome>
  ack(incoming: Incoming): void
  /** Resolves once the broker has taken in what was acknowledged before on this channel. */
  acksTaken(): Promise<void>
  /** Gives it back, to be delivered again, without blame (basic.nack with requeue). */
  giveBack(incoming: Incoming): void
  close(): Promise<void>
}

/** What became of a message that was published. Unknown is not refused: it may be there, and it may not. */
export type PublishOutcome =
  | { readonly kind: 'confirmed' }
  | { readonly kind: 'refused'; readonly reason: string } // nack: a queue is full or gone
  | { readonly kind: 'unroutable' } // mandatory, and no queue takes it
  | { readonly kind: 'unknown'; readonly reason: string } // the session was lost before the broker said anything

export interface Subscription {
  /** Resolves when the broker has confirmed that no more will come; what came before may still be acknowledged. */
  cancel(): Promise<void>
}

export interface ConsumeOptions {
  readonly noAck?: boolean
  readonly exclusive?: boolean
  /** Of a stream: all that there is, and then what comes. */
  readonly fromFirst?: boolean
  /** How many of its deliveries may be unacknowledged, instead of what holds for its channel. */
  readonly prefetch?: number
}

export interface QueueDeclaration {
  readonly name: string
  readonly durable: boolean
  readonly exclusive?: boolean
  readonly autoDelete?: boolean
  readonly arguments: Readonly<Record<string, string | number | boolean>>
}

export interface ExchangeDeclaration {
  readonly name: string
  readonly type: 'direct' | 'fanout' | 'topic'
  readonly durable: boolean
  /** The exchange that gets what no queue takes. */
  readonly alternate?: string
}

export interface QueueCounts {
  readonly messages: number
  readonly consumers: number
}

export interface Outgoing {
  /** Empty = the default exchange, whose routing keys are the names of queues. */
  readonly exchange: string
  readonly routingKey: string
  readonly body: Buffer
  readonly headers: Readonly<Record<string, unknown>>
  readonly messageId?: string
  readonly correlationId?: string
  readonly replyTo?: string
  readonly priority?: number
  /** Default application/json, in utf-8. */
  readonly contentType?: string
  /** Default true. */
  readonly persistent?: boolean
  /** Default true: a message that no queue takes is `unroutable` and not silently gone. */
  readonly mandatory?: boolean
  /** Milliseconds; for control messages only, tasks never have it. */
  readonly expiration?: number
}

export interface Incoming {
  readonly queue: string
  readonly exchange: string
  readonly routingKey: string
  readonly redelivered: boolean
  readonly body: Buffer
  /** Without a prototype, own keys only: they come from outside. */
  readonly headers: Readonly<Record<string, unknown>>
  readonly messageId: string | undefined
  readonly correlationId: string | undefined
  readonly replyTo: string | undefined
  readonly contentType: string | undefined
  readonly contentEncoding: string | undefined
  readonly priority: number | undefined
}

/** The broker said no to one operation; the session lives on. */
export class RefusedError extends Error {
  /** 403 access refused, 404 not found, 405 locked by another connection, 406 precondition failed. */
  readonly replyCode: number

  constructor(operation: string, replyCode: number, reason: string) {
    super(`the broker refused to ${operation}: ${reason}`)
    this.name = 'RefusedError'
    this.replyCode = replyCode
  }
}
