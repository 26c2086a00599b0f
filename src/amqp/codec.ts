import { PublishError } from '../broker/publish-error.ts'
import type { Instant } from '../core/instant.ts'
import { parseTaskMessage, type Undecodable } from '../task/parse-task-message.ts'
import { hasUnknownPythonType } from '../task/python-type.ts'
import { defaultPriority, largestMessageBytes, type TaskMessage } from '../task/task-message.ts'
import { readBody } from './codec-body.ts'
import { arePortable, occurrenceHeaders, readOccurrence, readRetries, readTime } from './codec-headers.ts'
import { parseStrictJson } from './codec-json.ts'
import { Unreadable } from './codec-unreadable.ts'
import type { Incoming, Outgoing } from './session.ts'
import { formatTaskTime } from './task-time.ts'

export { claimedId, deadTask, forwardTask } from './codec-forward.ts'

/**
 * How a task travels: Celery's task protocol 2 (https://docs.celeryq.dev/en/stable/internals/protocol.html), so that
 * Python applications can send to our workers and take from our queues.
 *
 *     content_type  application/json       without it a Python worker's process dies
 *     headers       task, id               without the id it dies too
 *                   eta, expires           ISO 8601, `2030-01-02T03:04:05.678000+00:00`
 *                   retries                attempt - 1
 *                   taskbeat_…             what an occurrence knows of itself; whether somebody follows what it prints
 *     priority      0 to 9
 *     body          [args, kwargs, {callbacks, errbacks, chain, chord}]
 *
 * A header is written only where it says something: Celery's full table of sixteen costs the broker a third of its
 * rate. Reading is tolerant of what clients of any version write, and refuses with a reason whatever would otherwise
 * be done half or done wrong: protocol 1, pickle, numbers that JavaScript would round, a call with callbacks.
 *
 * A message that only moves on (to another queue, to its next attempt) is forwarded as it came, not encoded again.
 */
export type TaskParts = Omit<Outgoing, 'exchange' | 'routingKey'>

export interface EncodeOptions {
  /** Who sends it, for monitors: `gen1234@host` by Celery's habit. Left out where nobody reads it. */
  readonly origin?: string
  /** An ETA that is not after this instant is not written: for queues whose Celery workers run what has an ETA up to two seconds late. */
  readonly etaSaysNothingThrough?: Instant
}

/** What is published for a message, but for where to. Throws MESSAGE_REFUSED for what no worker could take. */
export function encodeTask(message: TaskMessage, options: EncodeOptions = {}): TaskParts {
  const parsed = parseTaskMessage(message)
  if ('problem' in parsed) throw refused(message, parsed.problem)
  const { origin, etaSaysNothingThrough } = options
  const headers: Record<string, unknown> = { task: message.task, id: message.id }
  if (origin !== undefined) headers.origin = origin
  if (etaSaysNothingThrough === undefined || message.eta > etaSaysNothingThrough) {
    headers.eta = formatTaskTime(message.eta)
  }
  if (message.expires !== undefined) headers.expires = formatTaskTime(message.expires)
  if (message.attempt > 1) headers.retries = message.attempt - 1
  if (message.occurrence) Object.assign(headers, occurrenceHeaders(message.occurrence))
  return {
    body: encodeBody(message),
    headers,
    messageId: message.id,
    contentType: 'application/json',
    ...(message.priority === defaultPriority ? {} : { priority: message.priority }),
  }
}

const noFollowers = '{"callbacks":null,"errbacks":null,"chain":null,"chord":null}'

function encodeBody(message: TaskMessage): Buffer {
  let text: string
  try {
    text = `[${JSON.stringify(message.args)},${JSON.stringify(message.kwargs)},${noFollowers}]`
  } catch (error) {
    throw refused(message, 'its arguments are not JSON', error)
  }
  const body = Buffer.from(text)
  if (body.length > largestMessageBytes) {
    throw refused(message, `it has ${body.length} bytes, and ${largestMessageBytes} are the most`)
  }
  try {
    const value = parseStrictJson(text)
    if (text.includes('"__type__"') && hasUnknownPythonType(value)) {
      throw new Unreadable(
        'its arguments have a map of just __type__ and __value__, which Celery gives a meaning',
      )
    }
  } catch (error) {
    if (error instanceof Unreadable) throw refused(message, error.message)
    throw error
  }
  return body
}

function refused(message: TaskMessage, why: string, cause?: unknown): PublishError {
  return new PublishError('MESSAGE_REFUSED', `cannot send ${message.task} (${message.id}): ${why}`, {
    failed: [message.id],
    othersAccepted: false,
    cause,
  })
}

export interface Arrival {
  /** The queue that it belongs to: Q also for what came out of Q.eta, a lane, Q.running or Q.dead. */
  readonly queue: string
  /** The ETA of what has none. */
  readonly now: Instant
}

/** What arrived, taken as a task message or refused with the first reason found. Nothing is trusted. */
export function decodeTask(incoming: Incoming, { queue, now }: Arrival): TaskMessage | Undecodable {
  const { headers } = incoming
  try {
    requireHeaders(incoming)
    const { args, kwargs } = readBody(incoming)
    return parseTaskMessage({
      id: headers.id,
      task: headers.task,
      args,
      kwargs,
      queue,
      priority: readPriority(incoming),
      eta: readTime(headers, 'eta') ?? now,
      attempt: readRetries(headers) + 1,
      expires: readTime(headers, 'expires'),
      occurrence: readOccurrence(headers),
    })
  } catch (error) {
    if (error instanceof Unreadable) return { problem: error.message }
    throw error
  }
}

/** Celery's go up to 255 and ours to 9: more than the most is the most. Its clients write 0 where nobody said anything. */
function readPriority({ priority, headers }: Incoming): number {
  if (priority === undefined || (priority === 0 && headers.lang === 'py')) return defaultPriority
  return Math.min(priority, 9)
}

function requireHeaders(incoming: Incoming): void {
  const { headers } = incoming
  if (!arePortable(headers)) throw new Unreadable('its headers are too large')
  if (headers.task !== undefined && headers.task !== null) return
  throw new Unreadable(
    isProtocol1(incoming)
      ? 'it is of Celery task protocol 1: set task_protocol = 2 where it is sent'
      : 'its header task is missing',
  )
}

/** Everything in the body, as one map. */
function isProtocol1({ body }: Incoming): boolean {
  return body.length <= largestMessageBytes && /^\s*\{[\s\S]*"task"\s*:/.test(body.toString('utf8', 0, 4_096))
}
