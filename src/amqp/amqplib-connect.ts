/**
 * The only file that knows amqplib. It opens one connection and hands it out with its socket, so that whoever holds it
 * can end it whatever amqplib believes.
 *
 * amqplib greets by itself: frames that arrive in one packet with the end of the greeting are handled before anybody
 * can listen. So a session looks at what it was given before it trusts it. What remains: a broker that ends the
 * connection with an error in the very packet that opens it makes amqplib throw where nobody can catch it, and ends the
 * process. RabbitMQ has no reason to: it has heard nothing yet that it could object to.
 */
import type { Socket } from 'node:net'
import {
  type Channel,
  type ChannelModel,
  type ConfirmChannel,
  connect,
  credentials,
  type Options,
} from 'amqplib'
import type { Greeting } from './vhost-refusal.ts'

export type {
  Channel as RawChannel,
  ConfirmChannel as RawConfirmChannel,
  Message as RawMessage,
} from 'amqplib'
export type RawPublishOptions = Options.Publish

export interface RawConnection {
  readonly model: ChannelModel
  readonly socket: Socket
  /** Whether the broker had already said so with its greeting. */
  readonly blocked: boolean
}

export interface RawConnectionOptions extends Greeting {
  /** Shown in the broker's list of connections. */
  readonly name: string
  readonly heartbeatSeconds: number
}

/** The larger part of what amqplib can do without copying a message into several frames; RabbitMQ's own limit. */
const frameMax = 131_072

export async function openConnection(options: RawConnectionOptions): Promise<RawConnection> {
  const { address, tls, signal } = options
  const model = await connect(
    // The object form: from a URL amqplib would take the password as Latin-1. It decodes the vhost once more.
    {
      protocol: address.tls ? 'amqps' : 'amqp',
      hostname: address.host,
      port: address.port,
      vhost: encodeURIComponent(address.vhost),
      heartbeat: options.heartbeatSeconds,
      frameMax,
    },
    {
      noDelay: true,
      keepAlive: true,
      keepAliveDelay: 10_000,
      credentials: credentials.plain(options.username, options.password),
      clientProperties: { connection_name: options.name },
      // A socket's own option (net.Socket), which amqplib hands through: during the greeting there is no other hold on it.
      ...{ signal },
      ...(address.tls ? { ...tls, rejectUnauthorized: true } : {}),
    },
  )
  // Not in the published types, but what the documentation names for reaching the socket.
  const { stream, blocked } = model.connection as unknown as { stream: Socket; blocked: boolean }
  writeInOne(stream)
  return { model, socket: stream, blocked }
}

/**
 * What is written in one turn of the event loop leaves together. amqplib writes each message and each acknowledgement by
 * itself, and a system call for each, on our side and then on the broker's, is the dearest part of either.
 */
function writeInOne(socket: Socket): void {
  const write: (...args: Parameters<Socket['write']>) => boolean = socket.write.bind(socket)
  let isCorked = false
  socket.write = (...args: unknown[]): boolean => {
    if (!isCorked) {
      isCorked = true
      socket.cork()
      process.nextTick(() => {
        isCorked = false
        socket.uncork()
      })
    }
    return write(...(args as Parameters<Socket['write']>))
  }
}

/** Neither its socket nor its heartbeat keep the process alive any more. */
export function letProcessEnd({ model, socket }: RawConnection): void {
  // Not in the published types, as the socket is not.
  const { heartbeater } = model.connection as unknown as {
    heartbeater?: { sendTimer?: NodeJS.Timeout; recvTimer?: NodeJS.Timeout }
  }
  heartbeater?.sendTimer?.unref()
  heartbeater?.recvTimer?.unref()
  socket.unref()
}

/** One channel, open. Both kinds are the same but for the confirms. */
export function openRawChannel(model: ChannelModel, confirm: boolean): Promise<Channel | ConfirmChannel> {
  return confirm ? model.createConfirmChannel() : model.createChannel()
}
