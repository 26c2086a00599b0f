import type { Instant } from '../core/instant.ts'
import type { MessageOccurrence, Stamp, TaskMessage } from './task-message.ts'

/** Why something that arrived is no task message, fit to follow "cannot be decoded: ". */
export interface Undecodable {
  readonly problem: string
}

/**
 * A value that came from outside, taken as a task message or refused with the first reason found. Nothing is trusted,
 * nothing is clamped, and keys that a message does not have are left behind.
 */
export function parseTaskMessage(value: unknown): TaskMessage | Undecodable {
  try {
    return readMessage(record(value, 'the message'))
  } catch (error) {
    if (error instanceof Mismatch) return { problem: error.message }
    throw error
  }
}

/** The longest task, queue or entry name that travels. */
export const longestName = 255

class Mismatch extends Error {}

function readMessage(raw: Fields): TaskMessage {
  const expires = optional(raw, 'expires', readInstant)
  const occurrence = optional(raw, 'occurrence', readOccurrence)
  return {
    id: read(raw, 'id', readName),
    task: read(raw, 'task', readName),
    args: read(raw, 'args', readList),
    kwargs: read(raw, 'kwargs', record),
    queue: read(raw, 'queue', readName),
    priority: read(raw, 'priority', (value, key) => readInteger(value, key, 0, 9)),
    eta: read(raw, 'eta', readInstant),
    attempt: read(raw, 'attempt', (value, key) => readInteger(value, key, 1, 1_000_000)),
    ...(expires === undefined ? {} : { expires }),
    ...(occurrence === undefined ? {} : { occurrence }),
  }
}

function readOccurrence(value: unknown, key: string): MessageOccurrence {
  const raw = record(value, key)
  const startBy = optional(raw, 'startBy', readInstant)
  return {
    entry: read(raw, 'entry', readName),
    due: read(raw, 'due', readInstant),
    stamp: read(raw, 'stamp', readStamp),
    overlap: read(raw, 'overlap', readOverlap),
    waitLimit: read(raw, 'waitLimit', (limit, name) => readInteger(limit, name, 0, 1_000_000)),
    ...(startBy === undefined ? {} : { startBy }),
    replaceable: read(raw, 'replaceable', readBoolean),
  }
}

function readStamp(value: unknown, key: string): Stamp {
  const raw = record(value, key)
  const count = (part: unknown, name: string): number => readInteger(part, name, 0, Number.MAX_SAFE_INTEGER)
  return { epoch: read(raw, 'epoch', count), seq: read(raw, 'seq', count) }
}

type Fields = Readonly<Record<string, unknown>>
type Reader<T> = (value: unknown, key: string) => T

function read<T>(raw: Fields, key: string, reader: Reader<T>): T {
  if (!Object.hasOwn(raw, key)) throw new Mismatch(`${key} is missing`)
  return reader(raw[key], key)
}

function optional<T>(raw: Fields, key: string, reader: Reader<T>): T | undefined {
  return Object.hasOwn(raw, key) && raw[key] !== null && raw[key] !== undefined
    ? reader(raw[key], key)
    : undefined
}

function record(value: unknown, key: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Mismatch(`${key} is no map`)
  }
  if (Object.hasOwn(value, '__proto__')) throw new Mismatch(`${key} has a key __proto__`)
  return value as Fields
}

function readList(value: unknown, key: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new Mismatch(`${key} is no list`)
  return value
}

function readName(value: unknown, key: string): string {
  if (typeof value !== 'string' || value.length === 0 || value.length > longestName) {
    throw new Mismatch(`${key} is no name of 1 to ${longestName} characters`)
  }
  if (/\p{C}/u.test(value)) throw new Mismatch(`${key} has control characters`)
  return value
}

function readInteger(value: unknown, key: string, least: number, most: number): number {
  if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > most) {
    throw new Mismatch(`${key} is no whole number from ${least} to ${most}`)
  }
  return value as number
}

/** The years 1970 to 9999: what an ISO time stamp of four-digit years can say. */
const lastInstant = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

function readInstant(value: unknown, key: string): Instant {
  if (Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= lastInstant)
    return value as Instant
  throw new Mismatch(`${key} is no time of the years 1970 to 9999, in whole milliseconds`)
}

function readOverlap(value: unknown, key: string): MessageOccurrence['overlap'] {
  if (value === 'skip' || value === 'allow' || value === 'queue') return value
  throw new Mismatch(`${key} is none of skip, allow, queue`)
}

function readBoolean(value: unknown, key: string): boolean {
  if (typeof value !== 'boolean') throw new Mismatch(`${key} is neither true nor false`)
  return value
}
