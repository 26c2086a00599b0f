import { once } from 'node:events'
import { connect } from 'node:net'
import {
  contentFrames,
  FrameReader,
  long,
  longString,
  methodFrame,
  octet,
  protocolHeader,
  short,
  shortString,
  table,
} from './amqp-frames.ts'

/** Publishes what no client library would write, on a connection of its own, and waits until the broker has read it. */
export async function publishRawly(
  target: { readonly host: string; readonly port: number; readonly vhost: string },
  queue: string,
  body: Buffer,
  properties: { readonly headers?: Buffer; readonly messageId?: string },
): Promise<void> {
  const socket = connect(target.port, target.host)
  const reader = new FrameReader()
  const seen: string[] = []
  socket.on('data', (chunk) => {
    for (const frame of reader.feed(chunk)) if (frame.kind === 'method') seen.push(frame.method)
    socket.emit('seen')
  })
  const until = async (method: string): Promise<void> => {
    while (!seen.includes(method)) await once(socket, 'seen')
  }
  try {
    socket.write(protocolHeader)
    await until('connection.start')
    const login = longString('\0guest\0guest')
    socket.write(
      methodFrame(0, 'connection.start-ok', table(), shortString('PLAIN'), login, shortString('en_US')),
    )
    await until('connection.tune')
    socket.write(
      Buffer.concat([
        methodFrame(0, 'connection.tune-ok', short(10), long(131_072), short(0)),
        methodFrame(0, 'connection.open', shortString(target.vhost), shortString(''), octet(0)),
        methodFrame(1, 'channel.open', shortString('')),
        methodFrame(1, 'basic.publish', short(0), shortString(''), shortString(queue), octet(0)),
        contentFrames(1, body, properties),
        methodFrame(1, 'channel.close', short(200), shortString(''), short(0), short(0)),
      ]),
    )
    await until('channel.close-ok')
  } finally {
    socket.destroy()
  }
}
