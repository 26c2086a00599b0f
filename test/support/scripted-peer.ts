import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { onTestFinished } from 'vitest'
import {
  contentFrames,
  type Frame,
  FrameReader,
  long,
  longlong,
  longString,
  type Method,
  methodFrame,
  octet,
  short,
  shortString,
  table,
} from './amqp-frames.ts'

/** What the peer does when a method arrives, in place of the polite answer. */
export type Script = Readonly<
  Partial<Record<Method | 'connected', (from: PeerConnection, frame: Frame) => void>>
>

/** A broker that does what a test says: polite where nothing is said, and silent, wrong or rude where something is. */
export class ScriptedPeer {
  readonly connections: PeerConnection[] = []
  readonly #server: Server
  readonly #waiting = new Set<() => void>()
  script: Script

  private constructor(server: Server, script: Script) {
    this.#server = server
    this.script = script
  }

  static async listen(script: Script = {}, tls?: TlsOptions): Promise<ScriptedPeer> {
    const accept = (socket: Socket): void => peer.#accept(socket)
    const server = tls ? createTlsServer(tls, accept) : createServer(accept)
    const peer = new ScriptedPeer(server, script)
    server.on('tlsClientError', () => {})
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => {
      server.close()
      for (const { socket } of peer.connections) socket.destroy()
    })
    return peer
  }

  get port(): number {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the peer does not listen')
    return address.port
  }

  get url(): string {
    return `amqp://guest:guest@127.0.0.1:${this.port}`
  }

  /** The n-th connection (from 0), when it has come. */
  connection(index = 0): Promise<PeerConnection> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = this.connections[index]
        if (!found) return
        this.#waiting.delete(look)
        resolve(found)
      }
      this.#waiting.add(look)
      look()
    })
  }

  #accept(socket: Socket): void {
    const connection = new PeerConnection(socket, this)
    this.connections.push(connection)
    for (const look of this.#waiting) look()
  }
}

const polite: Readonly<Record<string, (channel: number) => Buffer>> = {
  'connection.start-ok': () => methodFrame(0, 'connection.tune', short(2_047), long(131_072), short(60)),
  'connection.open': () => methodFrame(0, 'connection.open-ok', shortString('')),
  'connection.close': () => methodFrame(0, 'connection.close-ok'),
  'channel.open': (channel) => methodFrame(channel, 'channel.open-ok', longString('')),
  'channel.close': (channel) => methodFrame(channel, 'channel.close-ok'),
  'queue.declare': (channel) => methodFrame(channel, 'queue.declare-ok', shortString('q'), long(0), long(0)),
  'basic.qos': (channel) => methodFrame(channel, 'basic.qos-ok'),
  'basic.consume': (channel) => methodFrame(channel, 'basic.consume-ok', shortString('consumer')),
  'basic.cancel': (channel) => methodFrame(channel, 'basic.cancel-ok', shortString('consumer')),
  'confirm.select': (channel) => methodFrame(channel, 'confirm.select-ok'),
}

/** The peer's side of one connection. */
export class PeerConnection {
  readonly socket: Socket
  readonly frames: Frame[] = []
  readonly closed: Promise<void>
  readonly #reader = new FrameReader()
  readonly #waiting = new Set<() => void>()

  constructor(socket: Socket, peer: ScriptedPeer) {
    this.socket = socket
    socket.on('error', () => {}) // the other side may do what it likes
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()))
    const greeting: Frame = { kind: 'heartbeat', channel: 0, payload: Buffer.alloc(0) }
    const connected = peer.script.connected
    if (connected) connected(this, greeting)
    else this.start()
    socket.on('data', (chunk) => {
      for (const frame of this.#reader.feed(chunk)) {
        this.frames.push(frame)
        if (frame.kind === 'method') {
          const scripted = peer.script[frame.method as Method]
          if (scripted) scripted(this, frame)
          else this.answer(frame)
        }
        for (const look of this.#waiting) look()
      }
    })
  }

  /** All frames of this method that have come. */
  of(method: Method): Extract<Frame, { kind: 'method' }>[] {
    return this.frames.filter((frame) => frame.kind === 'method').filter((frame) => frame.method === method)
  }

  /** The first frame of this method, when it has come. */
  received(method: Method): Promise<Frame> {
    return new Promise((resolve) => {
      const look = (): void => {
        const [found] = this.of(method)
        if (!found) return
        this.#waiting.delete(look)
        resolve(found)
      }
      this.#waiting.add(look)
      look()
    })
  }

  send(...frames: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(frames))
  }

  start(): void {
    const mechanisms = longString('PLAIN AMQPLAIN')
    this.send(
      methodFrame(0, 'connection.start', octet(0), octet(9), table(), mechanisms, longString('en_US')),
    )
  }

  /** What a broker in good health says to it. */
  answer({ channel, method }: Extract<Frame, { kind: 'method' }>): void {
    const answer = polite[method]?.(channel)
    if (answer) this.send(answer)
  }

  confirm(tag: number, multiple = false, channel = 1): void {
    this.send(methodFrame(channel, 'basic.ack', longlong(tag), octet(multiple ? 1 : 0)))
  }

  /** The broker could not take it. */
  refuse(tag: number, channel = 1): void {
    this.send(methodFrame(channel, 'basic.nack', longlong(tag), octet(0)))
  }

  deliver(body: Buffer, properties: { headers?: Buffer; messageId?: string } = {}, channel = 1): void {
    this.send(
      methodFrame(
        channel,
        'basic.deliver',
        shortString('consumer'),
        longlong(1),
        octet(0),
        shortString(''),
        shortString('q'),
      ),
      contentFrames(channel, body, properties),
    )
  }

  giveBack(messageId: string, routingKey: string, channel = 1): void {
    this.send(
      methodFrame(
        channel,
        'basic.return',
        short(312),
        shortString('NO_ROUTE'),
        shortString(''),
        shortString(routingKey),
      ),
      contentFrames(channel, Buffer.from('{}'), { messageId }),
    )
  }

  closeChannel(code: number, text: string, channel = 1): void {
    this.send(methodFrame(channel, 'channel.close', short(code), shortString(text), short(0), short(0)))
  }

  close(code: number, text: string): void {
    this.send(methodFrame(0, 'connection.close', short(code), shortString(text), short(0), short(0)))
  }
}
