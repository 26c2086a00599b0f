import type { Instant } from '../core/instant.ts'
import type { TaskParts } from './codec.ts'
import { arePortable, boundHeaders, type Headers } from './codec-headers.ts'
import { followHeader } from './codec-printed.ts'
import type { Incoming } from './session.ts'
import { formatTaskTime } from './task-time.ts'

export interface Change {
  readonly attempt?: number
  readonly eta?: Instant
  /**
   * For whoever wants it run all the same: without what said until when it may start, and waiting for a run of its entry
   * that executes rather than skipped for it.
   */
  readonly unbounded?: boolean
  /** Its attempt has begun and was interrupted, or may be. The next attempt has not. */
  readonly begun?: boolean
}

/** Says of a message that its attempt had begun, which nobody can see of a copy that was published again. */
export const begunHeader = 'taskbeat_begun'

/**
 * The same message again: its body as it came, and all of its headers but those that mean something to a broker. What it
 * carries for others (a tenant, a trace, what newer Celery clients add) stays with it.
 */
export function forwardTask(incoming: Incoming, change: Change = {}): TaskParts {
  const { attempt, eta, unbounded = false, begun = false } = change
  const headers = travellingHeaders(incoming.headers)
  if (attempt !== undefined) delete headers[begunHeader]
  else if (begun) headers[begunHeader] = true
  if (attempt !== undefined) headers.retries = attempt - 1
  if (eta !== undefined) headers.eta = formatTaskTime(eta)
  if (unbounded) unbind(headers)
  return { ...envelope(incoming), headers }
}

function unbind(headers: Record<string, unknown>): void {
  for (const name of boundHeaders) delete headers[name]
  if (headers.taskbeat_entry === undefined || headers.taskbeat_overlap === 'allow') return
  headers.taskbeat_overlap = 'queue'
  headers.taskbeat_wait_limit = 1_000_000
}

/** The same message for the queue of dead letters, whatever it is. */
export function deadTask(incoming: Incoming, reason: string, at: Instant): TaskParts {
  const headers = arePortable(incoming.headers)
    ? travellingHeaders(incoming.headers)
    : Object.assign(Object.create(null), { id: claimedId(incoming) ?? null })
  delete headers[followHeader] // who followed it was told the end; it may come again for somebody else
  headers[deadReasonHeader] = reason.length > 1_000 ? `${reason.slice(0, 1_000)}…` : reason
  headers[deadAtHeader] = at
  return { ...envelope(incoming), headers }
}

/** Why a message was set aside, and when in milliseconds; the broker's own dead letters have neither. */
export const deadReasonHeader = 'taskbeat_dead_reason'
export const deadAtHeader = 'taskbeat_dead_at'

/** The id that a message claims to have, decodable or not, as far as it can be printed. */
export function claimedId({ headers, messageId }: Incoming): string | undefined {
  return [headers.id, messageId].find(isPrintable)
}

function isPrintable(id: unknown): id is string {
  return typeof id === 'string' && /^[\x21-\x7e]{1,255}$/.test(id)
}

function envelope(incoming: Incoming): Omit<TaskParts, 'headers'> {
  const messageId = claimedId(incoming)
  const correlationId = shortString(incoming.correlationId)
  const replyTo = shortString(incoming.replyTo)
  const contentType = shortString(incoming.contentType)
  const { body, priority } = incoming
  return {
    body,
    ...(messageId === undefined ? {} : { messageId }),
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(replyTo === undefined ? {} : { replyTo }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(priority === undefined ? {} : { priority }),
  }
}

/** What AMQP can say in its short form. What came in such a form may be longer now, when it was no UTF-8. */
function shortString(text: string | undefined): string | undefined {
  return text !== undefined && Buffer.byteLength(text) <= 255 ? text : undefined
}

/**
 * Not `x-death` and its like, for which RabbitMQ up to 3.13 takes a second trip through the ladder for a circle and drops
 * the message; not `CC` and `BCC`, by which it would also go to whatever queues its sender named; and not what it was
 * once set aside for.
 */
function travellingHeaders(headers: Headers): Record<string, unknown> {
  const kept: Record<string, unknown> = Object.create(null)
  for (const name of Object.keys(headers)) {
    if (!/^(?:x-|b?cc$|taskbeat_dead_)/i.test(name)) kept[name] = headers[name]
  }
  return kept
}
