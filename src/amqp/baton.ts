import type { Cursor } from '../core/cursor.ts'
import { type Instant, instant } from '../core/instant.ts'
import { jsonDepth } from '../core/json-depth.ts'
import { isUuid } from '../core/uuid.ts'

/**
 * What a group's beats share, as the one message of its queue: who leads, and through when everything is emitted.
 * Whoever holds the newest one leads. It is never changed, only followed by a newer one.
 */
export interface Baton {
  /** A random UUID, made when the group's state was first created. */
  readonly namespace: string
  /** Counts the leaders; 0 before there was one. */
  readonly epoch: number
  /** Counts what was written in the epoch. */
  readonly seq: number
  readonly cursor: Cursor | undefined
  /** Who wrote it, and the schedule by which all is emitted; undefined before there was a leader. */
  readonly holder: Holder | undefined
  /** Its holder has put it down in order, so that no other can be on its way. */
  readonly resigned: boolean
  readonly writtenAt: Instant
}

export interface Holder {
  readonly host: string
  readonly pid: number
  readonly scheduleHash: string
  /** By when its entries were known in this form; undefined when nobody has said so. */
  readonly knownSince: Instant | undefined
  /** Since when it leads. */
  readonly since: Instant
}

/** Why something that lay in the queue is no baton. `newer`: a later version of taskbeat wrote it, and knows better. */
export interface NoBaton {
  readonly problem: string
  readonly newer: boolean
}

const version = 1
const largestBytes = 65_536
const deepest = 16
/** Far beyond any that is reached by counting, and far below where a number stops to count. */
const largestCount = 2 ** 48
const lastInstant = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

/** The baton that begins a group's life. Two of them may be made at once: the later one by `compareBatons` wins. */
export function firstBaton(namespace: string, now: Instant): Baton {
  return {
    namespace,
    epoch: 0,
    seq: 0,
    cursor: undefined,
    holder: undefined,
    resigned: false,
    writtenAt: now,
  }
}

/** The baton of a new epoch: led by this holder from now on. */
export function claimedBy(baton: Baton, holder: Holder, now: Instant): Baton {
  return { ...baton, epoch: baton.epoch + 1, seq: 0, holder, resigned: false, writtenAt: now }
}

/** The next baton of the same epoch. */
export function followedBy(
  baton: Baton,
  change: Partial<Pick<Baton, 'cursor' | 'holder' | 'resigned'>>,
  now: Instant,
): Baton {
  return { ...baton, ...change, seq: baton.seq + 1, writtenAt: now }
}

/**
 * Positive when `a` is the newer one: by epoch, then by seq. Of batons that say the same of these, as two that were
 * made at once for a new group do, the namespace decides, so that everybody decides alike. 0: they are the same.
 */
export function compareBatons(a: Baton, b: Baton): number {
  if (a.epoch !== b.epoch) return a.epoch - b.epoch
  if (a.seq !== b.seq) return a.seq - b.seq
  if (a.namespace === b.namespace) return 0
  return a.namespace < b.namespace ? -1 : 1
}

export function encodeBaton({ holder, cursor, ...rest }: Baton): Buffer {
  return Buffer.from(JSON.stringify({ v: version, ...rest, cursor: cursor ?? null, holder: holder ?? null }))
}

/** Everybody who can publish to the broker can write one, so nothing of it is trusted and nothing is put right. */
export function parseBaton(body: Buffer): Baton | NoBaton {
  if (body.length > largestBytes) return refused(`it has ${body.length} bytes, more than ${largestBytes}`)
  const text = body.toString('utf8')
  if (jsonDepth(text, deepest) > deepest) return refused('it is nested too deeply')
  try {
    return readBaton(record(JSON.parse(text), 'it'))
  } catch (error) {
    if (error instanceof FutureVersion) return { problem: error.message, newer: true }
    if (error instanceof Mismatch) return refused(error.message)
    return refused('it is no JSON')
  }
}

function refused(problem: string): NoBaton {
  return { problem, newer: false }
}

class Mismatch extends Error {}
class FutureVersion extends Error {}

type Fields = Readonly<Record<string, unknown>>

function readBaton(raw: Fields): Baton {
  const v = readCount(raw, 'v', 1)
  if (v > version) throw new FutureVersion(`its version is ${v}, and this taskbeat knows up to ${version}`)
  const cursor = field(raw, 'cursor')
  const holder = field(raw, 'holder')
  return {
    namespace: readNamespace(field(raw, 'namespace')),
    epoch: readCount(raw, 'epoch', 0),
    seq: readCount(raw, 'seq', 0),
    cursor: cursor === null ? undefined : readCursor(record(cursor, 'cursor')),
    holder: holder === null ? undefined : readHolder(record(holder, 'holder')),
    resigned: field(raw, 'resigned') === true,
    writtenAt: readInstant(raw, 'writtenAt'),
  }
}

function readCursor(raw: Fields): Cursor {
  return { due: readInstant(raw, 'due'), entry: readText(raw, 'entry') }
}

function readHolder(raw: Fields): Holder {
  return {
    host: readText(raw, 'host'),
    pid: readCount(raw, 'pid', 0),
    scheduleHash: readText(raw, 'scheduleHash'),
    knownSince: Object.hasOwn(raw, 'knownSince') ? readInstant(raw, 'knownSince') : undefined,
    since: readInstant(raw, 'since'),
  }
}

function field(raw: Fields, key: string): unknown {
  if (!Object.hasOwn(raw, key)) throw new Mismatch(`${key} is missing`)
  return raw[key]
}

function record(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Mismatch(`${name} is no map`)
  return value as Fields
}

function readCount(raw: Fields, key: string, least: number, most: number = largestCount): number {
  const value = field(raw, key)
  if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > most)
    throw new Mismatch(`${key} is no whole number from ${least} to ${most}`)
  return value as number
}

function readInstant(raw: Fields, key: string): Instant {
  return instant(readCount(raw, key, 0, lastInstant))
}

function readText(raw: Fields, key: string): string {
  const value = field(raw, key)
  if (typeof value !== 'string' || value.length > 255)
    throw new Mismatch(`${key} is no text of up to 255 characters`)
  return value
}

function readNamespace(value: unknown): string {
  if (typeof value !== 'string' || !isUuid(value)) throw new Mismatch('namespace is no UUID')
  return value
}
