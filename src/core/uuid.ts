import { createHash, randomUUID } from 'node:crypto'
import { systemClock } from './clock.ts'

/**
 * A new id: a UUID of version 8 (RFC 9562, 5.8) with 110 random bits. Its first three digits count quarters of a second,
 * round and round, so that an index has what is made together on few pages, however large it is; to write a page for each
 * of them is a third of what the journal of a short run costs. They are only three, because people read and type no more
 * than the first eight, which shall tell apart also what is sent together.
 */
export function newUuid(): string {
  const id = randomUUID()
  const quarter = Math.floor(systemClock.now() / 256) % 0x1000
  return `${quarter.toString(16).padStart(3, '0')}${id.slice(3, 14)}8${id.slice(15)}`
}

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export function isUuid(text: string): boolean {
  return uuidPattern.test(text)
}

/** The name-based UUID of version 5 (RFC 9562, 5.5): the same namespace and name always give the same id. */
export function uuidV5(namespace: string, name: string): string {
  const digest = createHash('sha1')
    .update(Buffer.from(namespace.replaceAll('-', ''), 'hex'))
    .update(name)
    .digest()
  digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x50
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80
  const hex = digest.toString('hex', 0, 16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
