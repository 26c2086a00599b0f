import { type ChannelModel, connect } from 'amqplib'
import type { TestBroker } from './rabbitmq-control.ts'

/** A message as a client published it to a queue by name. */
export interface Publication {
  /** Names the client's connection. */
  readonly connection: string
  readonly queue: string
  readonly messageId: string | undefined
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: Buffer
}

interface Trace {
  readonly connection: string
  readonly routing_keys: readonly string[]
  readonly properties: { readonly message_id?: string; readonly headers?: Record<string, unknown> }
}

/**
 * All that is published in a virtual host, as the broker itself tells it (its firehose tracer): for each connection in
 * the order in which the broker took it. It owes nothing to what our processes say of themselves.
 */
export async function openFirehose(
  { url, vhost, node }: TestBroker,
  read: (publication: Publication) => void,
): Promise<AsyncDisposable> {
  await node.evaluate(`rabbit_trace:start(<<"${vhost}">>)`)
  const connection: ChannelModel = await connect(url)
  const channel = await connection.createChannel()
  const { queue } = await channel.assertQueue('', { exclusive: true })
  await channel.bindQueue(queue, 'amq.rabbitmq.trace', 'publish.')
  await channel.consume(
    queue,
    (message) => {
      if (!message) return
      const trace = message.properties.headers as unknown as Trace
      const { message_id: messageId, headers = {} } = trace.properties
      for (const key of trace.routing_keys)
        read({ connection: trace.connection, queue: key, messageId, headers, body: message.content })
    },
    { noAck: true },
  )
  return {
    [Symbol.asyncDispose]: async () => {
      await connection.close()
      await node.evaluate(`rabbit_trace:stop(<<"${vhost}">>)`)
    },
  }
}
