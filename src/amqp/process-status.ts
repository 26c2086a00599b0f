import type { BeatReport, WorkerStatus } from '../broker/broker-status.ts'
import type { LeaderStatus } from '../broker/term.ts'
import { isMap } from '../core/is-map.ts'

/** What one process answers when it is asked how it is. */
export interface ProcessStatus {
  readonly leaders: readonly LeaderStatus[]
  readonly beats: readonly BeatReport[]
  readonly workers: readonly (WorkerStatus & { readonly held: readonly HeldCounts[] })[]
}

/** What a worker holds of one queue. */
export interface HeldCounts {
  readonly queue: string
  /** Handed out. */
  readonly running: number
  /** Not due yet. */
  readonly waiting: number
  /** Due, and waiting for a slot. */
  readonly ready: number
}

/** No process leads, serves or holds so many. */
const mostMembers = 1_000
/** Of a name in AMQP, and more than any other of ours. */
const longestText = 255
const lastInstant = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

type Check = (value: unknown) => boolean
type Shape<T> = { readonly [Key in keyof T]-?: Check }

const text: Check = (value) => typeof value === 'string' && value.length <= longestText
const truth: Check = (value) => typeof value === 'boolean'
const count: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0
const moment: Check = (value) => count(value) && (value as number) <= lastInstant
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value)
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.length <= mostMembers && value.every(check)
const mapOf =
  <T>(shape: Shape<T>): Check =>
  (value) =>
    isMap(value) && Object.entries<Check>(shape).every(([key, check]) => check(value[key]))

const isLeader = mapOf<LeaderStatus>({
  group: text,
  host: text,
  pid: count,
  epoch: count,
  since: moment,
  scheduleHash: text,
  cursor: optional(mapOf<NonNullable<LeaderStatus['cursor']>>({ due: moment, entry: text })),
  alive: truth,
})

const isBeat = mapOf<Omit<BeatReport, 'difference'>>({
  group: text,
  host: text,
  pid: count,
  leads: truth,
  scheduleHash: text,
})

const isWorker = mapOf<ProcessStatus['workers'][number]>({
  awaits: optional(listOf(text)),
  instance: text,
  host: text,
  pid: count,
  since: moment,
  queues: listOf(text),
  slots: count,
  running: count,
  held: listOf(mapOf<HeldCounts>({ queue: text, running: count, waiting: count, ready: count })),
})

const isProcess = mapOf<ProcessStatus>({
  leaders: listOf(isLeader),
  beats: optional(listOf(isBeat)),
  workers: listOf(isWorker),
})

/** The answer comes from outside: undefined when it does not look like one in all that is used of it. */
export function readProcess(value: unknown): ProcessStatus | undefined {
  if (!isProcess(value)) return undefined
  const { leaders, beats = [], workers } = value as ProcessStatus
  // How it differs is for whoever asks to find out.
  return {
    leaders,
    // One of an earlier version does not say.
    workers: workers.map((worker) => ({ ...worker, awaits: worker.awaits ?? [] })),
    beats: beats.map(({ difference: _told, ...beat }) => beat),
  }
}
