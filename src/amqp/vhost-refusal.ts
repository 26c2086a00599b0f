import { connect as connectPlain, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Address } from './address.ts'

/** How a broker is greeted. */
export interface Greeting {
  readonly address: Address
  readonly username: string
  readonly password: string
  /** PEM; of what is missing the system's own is taken. */
  readonly tls: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer }
  /** Destroys the socket, in whatever state it is. */
  readonly signal: AbortSignal
}

/**
 * What the broker says when it lets a user in, but not into the vhost: that there is none, that it is not for this
 * user, that it is full. All of it has the one code 530, so only its words tell them apart, and amqplib throws those
 * away. So it is greeted once more by hand, and its words are handed on to the person as they are.
 *
 * Undefined when it says nothing of the kind this time.
 */
export async function askVhostRefusal(greeting: Greeting): Promise<string | undefined> {
  const socket = open(greeting)
  try {
    return await converse(socket, greeting)
  } catch {
    return undefined // it said no before, and there is nothing to add to it
  } finally {
    socket.destroy()
  }
}

function open({ address, tls, signal }: Greeting): Socket {
  const { host, port } = address
  const socket = address.tls ? connectTls({ host, port, ...tls }) : connectPlain({ host, port })
  socket.on('error', () => {}) // the reading ends with it
  if (signal.aborted) socket.destroy()
  else signal.addEventListener('abort', () => socket.destroy(), { once: true })
  return socket
}

/** Class and method as one number, AMQP 0-9-1, section 1.4. */
const start = 0x000a_000a
const startOk = 0x000a_000b
const tune = 0x000a_001e
const tuneOk = 0x000a_001f
const openVhost = 0x000a_0028
const close = 0x000a_0032
const noCapabilities = long(0)

async function converse(socket: Socket, greeting: Greeting): Promise<string | undefined> {
  socket.write('AMQP\0\0\u0009\u0001', 'latin1')
  for await (const { method, args } of frames(socket)) {
    if (method === start) {
      const answer = longString(`\0${greeting.username}\0${greeting.password}`)
      socket.write(frame(startOk, noCapabilities, shortString('PLAIN'), answer, shortString('en_US')))
    } else if (method === tune) {
      socket.write(frame(tuneOk, args.subarray(0, 8)))
      socket.write(frame(openVhost, shortString(greeting.address.vhost), shortString(''), Buffer.of(0)))
    } else {
      if (method !== close) return undefined
      return args.toString('utf8', 3, 3 + args.readUInt8(2))
    }
  }
  return undefined
}

interface Method {
  readonly method: number
  readonly args: Buffer
}

/** Nothing that is said before a connection is open is larger. */
const largestFrame = 16_384

async function* frames(socket: Socket): AsyncGenerator<Method> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of socket) {
    rest = Buffer.concat([rest, chunk as Buffer])
    while (rest.length >= 11) {
      const size = rest.readUInt32BE(3)
      if (size < 4 || size > largestFrame) return
      if (rest.length < size + 8) break
      yield { method: rest.readUInt32BE(7), args: rest.subarray(11, 7 + size) }
      rest = rest.subarray(size + 8)
    }
  }
}

function frame(method: number, ...args: readonly Buffer[]): Buffer {
  const payload = Buffer.concat([long(method), ...args])
  return Buffer.concat([Buffer.of(1, 0, 0), long(payload.length), payload, Buffer.of(0xce)])
}

function long(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function shortString(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([Buffer.of(bytes.length), bytes])
}

function longString(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([long(bytes.length), bytes])
}
