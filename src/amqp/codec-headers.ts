import type { Instant } from '../core/instant.ts'
import type { MessageOccurrence } from '../task/task-message.ts'
import { quoted } from './codec-body.ts'
import { Unreadable } from './codec-unreadable.ts'
import type { Incoming } from './session.ts'
import { parseTaskTime } from './task-time.ts'

export type Headers = Incoming['headers']

/** Most are under a kilobyte. What is beyond could not be published again with what we add to it: a table has 64 KiB. */
const largestHeaders = 32_768
const deepestHeaders = 16

/** Whether these can be passed on: not too large, and not nested too deep. */
export function arePortable(headers: Headers): boolean {
  return sizeOf(headers, 0) <= largestHeaders
}

function sizeOf(value: unknown, depth: number): number {
  if (typeof value === 'string') return Buffer.byteLength(value)
  if (typeof value !== 'object' || value === null) return 8
  if (Buffer.isBuffer(value)) return value.length
  if (depth === deepestHeaders) return Number.POSITIVE_INFINITY
  let size = 8
  for (const key of Object.keys(value)) {
    size += key.length + 2 + sizeOf((value as Record<string, unknown>)[key], depth + 1)
  }
  return size
}

/** Those that say until when it may start. */
export const boundHeaders = ['expires', 'taskbeat_start_by'] as const

export function readTime(headers: Headers, name: 'eta' | 'expires'): Instant | undefined {
  const value = headers[name]
  if (value === undefined || value === null) return undefined
  const at = typeof value === 'string' ? parseTaskTime(value) : undefined
  if (at !== undefined) return at
  const got = typeof value === 'string' ? quoted(value) : `a ${typeof value}`
  throw new Unreadable(`its header ${name} is no ISO 8601 time: ${got}`)
}

export function readRetries(headers: Headers): number {
  const value = headers.retries
  if (value === undefined || value === null) return 0
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value >= 1_000_000) {
    throw new Unreadable('its header retries is no count')
  }
  return value
}

/** Flat and short. What is as usual is not said: overlap skip, ten that may wait, a successor that replaces it. */
export function occurrenceHeaders(occurrence: MessageOccurrence): Record<string, string | number | boolean> {
  const { entry, due, stamp, overlap, waitLimit, startBy, replaceable } = occurrence
  return {
    taskbeat_entry: entry,
    taskbeat_due: due,
    taskbeat_stamp: `${stamp.epoch}.${stamp.seq}`,
    ...(overlap === usual.overlap ? {} : { taskbeat_overlap: overlap }),
    ...(waitLimit === usual.waitLimit ? {} : { taskbeat_wait_limit: waitLimit }),
    ...(startBy === undefined ? {} : { taskbeat_start_by: startBy }),
    ...(replaceable === usual.replaceable ? {} : { taskbeat_replaceable: replaceable }),
  }
}

/** Still unchecked but for the stamp; undefined when there is none. */
export function readOccurrence(headers: Headers): Record<keyof MessageOccurrence, unknown> | undefined {
  const entry = headers.taskbeat_entry
  if (entry === undefined || entry === null) return undefined
  return {
    entry,
    due: headers.taskbeat_due,
    stamp: readStamp(headers.taskbeat_stamp),
    overlap: headers.taskbeat_overlap ?? usual.overlap,
    waitLimit: headers.taskbeat_wait_limit ?? usual.waitLimit,
    startBy: headers.taskbeat_start_by,
    replaceable: headers.taskbeat_replaceable ?? usual.replaceable,
  }
}

const usual = { overlap: 'skip', waitLimit: 10, replaceable: true } as const

function readStamp(value: unknown): unknown {
  const match = typeof value === 'string' ? /^(\d{1,16})\.(\d{1,16})$/.exec(value) : undefined
  if (!match) throw new Unreadable('its header taskbeat_stamp is no epoch and sequence')
  return { epoch: Number(match[1]), seq: Number(match[2]) }
}
