/**
 * Just enough of AMQP 0-9-1 to speak either side of it by hand: frames as bytes, and the arguments that the tests need.
 * The numbers are those of the specification, section 1.4 and the class reference.
 */
export type Method =
  | 'connection.start'
  | 'connection.start-ok'
  | 'connection.tune'
  | 'connection.tune-ok'
  | 'connection.open'
  | 'connection.open-ok'
  | 'connection.close'
  | 'connection.close-ok'
  | 'connection.blocked'
  | 'connection.unblocked'
  | 'channel.open'
  | 'channel.open-ok'
  | 'channel.close'
  | 'channel.close-ok'
  | 'queue.declare'
  | 'queue.declare-ok'
  | 'basic.qos'
  | 'basic.qos-ok'
  | 'basic.consume'
  | 'basic.consume-ok'
  | 'basic.cancel'
  | 'basic.cancel-ok'
  | 'basic.publish'
  | 'basic.return'
  | 'basic.deliver'
  | 'basic.ack'
  | 'basic.nack'
  | 'confirm.select'
  | 'confirm.select-ok'

const methods: Readonly<Record<Method, readonly [number, number]>> = {
  'connection.start': [10, 10],
  'connection.start-ok': [10, 11],
  'connection.tune': [10, 30],
  'connection.tune-ok': [10, 31],
  'connection.open': [10, 40],
  'connection.open-ok': [10, 41],
  'connection.close': [10, 50],
  'connection.close-ok': [10, 51],
  'connection.blocked': [10, 60],
  'connection.unblocked': [10, 61],
  'channel.open': [20, 10],
  'channel.open-ok': [20, 11],
  'channel.close': [20, 40],
  'channel.close-ok': [20, 41],
  'queue.declare': [50, 10],
  'queue.declare-ok': [50, 11],
  'basic.qos': [60, 10],
  'basic.qos-ok': [60, 11],
  'basic.consume': [60, 20],
  'basic.consume-ok': [60, 21],
  'basic.cancel': [60, 30],
  'basic.cancel-ok': [60, 31],
  'basic.publish': [60, 40],
  'basic.return': [60, 50],
  'basic.deliver': [60, 60],
  'basic.ack': [60, 80],
  'basic.nack': [60, 120],
  'confirm.select': [85, 10],
  'confirm.select-ok': [85, 11],
}

const names = new Map(Object.entries(methods).map(([name, [group, id]]) => [group * 65_536 + id, name]))

export type Frame =
  | { readonly kind: 'method'; readonly channel: number; readonly method: string; readonly args: Buffer }
  | { readonly kind: 'header' | 'body' | 'heartbeat'; readonly channel: number; readonly payload: Buffer }

export const protocolHeader: Buffer = Buffer.from('AMQP\0\0\x09\x01', 'latin1')

export function methodFrame(channel: number, method: Method, ...args: readonly Buffer[]): Buffer {
  return frame(1, channel, Buffer.concat([short(methods[method][0]), short(methods[method][1]), ...args]))
}

/** The header of a content and its body; `headers` is a table in bytes, see `table`. */
export function contentFrames(
  channel: number,
  body: Buffer,
  properties: { readonly headers?: Buffer; readonly messageId?: string } = {},
): Buffer {
  const { headers, messageId } = properties
  const flags = (headers ? 1 << 13 : 0) | (messageId === undefined ? 0 : 1 << 7)
  const size = Buffer.alloc(8)
  size.writeBigUInt64BE(BigInt(body.length))
  const header = [short(60), short(0), size, short(flags)]
  if (headers) header.push(headers)
  if (messageId !== undefined) header.push(shortString(messageId))
  return Buffer.concat([
    frame(2, channel, Buffer.concat(header)),
    ...(body.length > 0 ? [frame(3, channel, body)] : []),
  ])
}

export const heartbeatFrame: Buffer = frame(8, 0, Buffer.alloc(0))

function frame(type: number, channel: number, payload: Buffer): Buffer {
  return Buffer.concat([octet(type), short(channel), long(payload.length), payload, octet(0xce)])
}

export function octet(value: number): Buffer {
  return Buffer.from([value])
}

export function short(value: number): Buffer {
  const buffer = Buffer.alloc(2)
  buffer.writeUInt16BE(value)
  return buffer
}

export function long(value: number): Buffer {
  const buffer = Buffer.alloc(4)
  buffer.writeUInt32BE(value)
  return buffer
}

export function longlong(value: number): Buffer {
  return Buffer.concat([long(Math.floor(value / 2 ** 32)), long(value % 2 ** 32)])
}

export function shortString(text: string): Buffer {
  return Buffer.concat([octet(Buffer.byteLength(text)), Buffer.from(text)])
}

export function longString(text: string | Buffer): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([long(bytes.length), bytes])
}

/** A table whose values are already written: their type's letter and their bytes. */
export function table(entries: readonly (readonly [string, Buffer])[] = []): Buffer {
  return longString(Buffer.concat(entries.flatMap(([key, value]) => [shortString(key), value])))
}

export function tableValue(value: Buffer): Buffer {
  return Buffer.concat([Buffer.from('F'), value])
}

export function booleanValue(value: boolean): Buffer {
  return Buffer.concat([Buffer.from('t'), octet(value ? 1 : 0)])
}

/** Tables within tables, written from the inside out in one buffer. */
export function nestedTable(levels: number): Buffer {
  const level = 4 + 1 + 1 + 1 // the length, the key's length, the key, the letter
  const buffer = Buffer.alloc(levels * level + 4)
  for (let at = 0; at < levels; at++) {
    buffer.writeUInt32BE(buffer.length - at * level - 4, at * level)
    buffer.write('\x01aF', at * level + 4, 'latin1')
  }
  return buffer
}

/** Cuts what arrives into frames; `feed` gives those that are complete. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0)

  feed(chunk: Buffer): Frame[] {
    this.#rest = Buffer.concat([this.#rest, chunk])
    const frames: Frame[] = []
    if (this.#rest.subarray(0, 4).toString('latin1') === 'AMQP') {
      if (this.#rest.length < 8) return frames
      this.#rest = this.#rest.subarray(8)
    }
    while (this.#rest.length >= 8) {
      const end = 7 + this.#rest.readUInt32BE(3)
      if (this.#rest.length <= end) break
      frames.push(toFrame(this.#rest[0] ?? 0, this.#rest.readUInt16BE(1), this.#rest.subarray(7, end)))
      this.#rest = this.#rest.subarray(end + 1)
    }
    return frames
  }
}

function toFrame(type: number, channel: number, payload: Buffer): Frame {
  if (type !== 1) return { kind: type === 2 ? 'header' : type === 3 ? 'body' : 'heartbeat', channel, payload }
  const method = names.get(payload.readUInt32BE(0)) ?? `unknown ${payload.readUInt32BE(0)}`
  return { kind: 'method', channel, method, args: payload.subarray(4) }
}
