import { type Instant, instant } from '../core/instant.ts'
import { isMap } from '../core/is-map.ts'
import type { Undecodable } from '../task/parse-task-message.ts'
import { largestMessageBytes } from '../task/task-message.ts'
import { parseStrictJson } from './codec-json.ts'
import { Unreadable } from './codec-unreadable.ts'
import type { Incoming, Outgoing } from './session.ts'
import { controlExchange } from './topology.ts'

/**
 * What is said to all processes at once and what they answer, in the form of Celery's remote control (pidbox).
 *
 *     request   to the exchange taskbeat.control   { method, arguments, destination, ticket, reply_to }
 *     reply     to reply_to, the caller's queue    { "<node>": value }  or  { "<node>": { error: "…" } }
 *
 * Nothing here is stored: a process that is not there does not hear, so what has to be heard is said again. Everybody
 * who reaches the virtual host can say it; so answers go only to queues made for answers.
 */
export interface ControlRequest {
  readonly method: string
  readonly arguments: Readonly<Record<string, unknown>>
  /** The nodes that shall act; undefined = all. */
  readonly destination?: readonly string[]
  /** Where it is to be answered. */
  readonly answer?: ControlAnswer
}

export interface ControlAnswer {
  readonly ticket: string
  readonly queue: string
}

/** A request, ready to be published: unroutable is that nobody listens, and no failure. */
export function encodeRequest(request: ControlRequest, expires: Instant): Outgoing {
  const { method, destination = null, answer } = request
  return {
    ...transient({
      method,
      arguments: request.arguments,
      destination,
      pattern: null,
      matcher: null,
      ...(answer === undefined
        ? {}
        : { ticket: answer.ticket, reply_to: { exchange: '', routing_key: answer.queue } }),
    }),
    exchange: controlExchange.name,
    routingKey: '',
    headers: { expires: expires / 1_000 },
  }
}

/** What arrived, taken as a request; a problem when it is none, or is over. */
export function decodeRequest(incoming: Incoming, now: Instant): ControlRequest | Undecodable {
  return orProblem(() => {
    const { expires } = incoming.headers
    if (typeof expires === 'number' && instant(expires * 1_000) <= now) throw new Unreadable('it has expired')
    const body = readMap(parseBody(incoming), 'its body')
    if (typeof body.method !== 'string' || body.method === '') throw new Unreadable('it has no method')
    const destination = readDestination(body)
    const answer = readAnswer(body)
    return {
      method: body.method,
      arguments: isNothing(body.arguments) ? {} : readMap(body.arguments, 'its arguments'),
      ...(destination === undefined ? {} : { destination }),
      ...(answer === undefined ? {} : { answer }),
    }
  })
}

/** Celery's `pattern` is not known here: such a request is for nobody of ours. */
function readDestination({ destination, pattern }: Fields): readonly string[] | undefined {
  if (isNothing(destination)) return isNothing(pattern) ? undefined : []
  if (Array.isArray(destination) && destination.every((node) => typeof node === 'string')) return destination
  throw new Unreadable('its destination is no list of names')
}

function readAnswer({ ticket, reply_to: replyTo }: Fields): ControlAnswer | undefined {
  if (isNothing(replyTo)) return undefined
  const { exchange, routing_key: queue } = readMap(replyTo, 'its reply_to')
  if (exchange !== '' || typeof queue !== 'string' || !queue.startsWith(replyQueuePrefix))
    throw new Unreadable(
      `its reply_to is no queue of the default exchange that begins with ${replyQueuePrefix}`,
    )
  if (typeof ticket !== 'string' || ticket.length > 255) throw new Unreadable('it has no ticket')
  return { ticket, queue }
}

/** The one kind of queue that answers are sent to: with any, a request could make us write into the queue of tasks. */
export const replyQueuePrefix = 'taskbeat.reply.'

export interface ControlReply {
  readonly node: string
  readonly value?: unknown
  readonly error?: string
}

export function encodeReply({ node, value = null, error }: ControlReply, answer: ControlAnswer): Outgoing {
  return {
    ...transient({ [node]: error === undefined ? value : { error } }),
    exchange: '',
    routingKey: answer.queue,
    headers: { ticket: answer.ticket },
  }
}

/** The replies in what arrived; a problem when it answers something else. */
export function decodeReply(incoming: Incoming, ticket: string): readonly ControlReply[] | Undecodable {
  return orProblem(() => {
    if (incoming.headers.ticket !== ticket) throw new Unreadable('it has another ticket')
    return Object.entries(readMap(parseBody(incoming), 'its body')).map(([node, value]) => {
      const error = isMap(value) ? value.error : undefined
      return typeof error === 'string' ? { node, error } : { node, value }
    })
  })
}

function transient(body: unknown): Omit<Outgoing, 'exchange' | 'routingKey' | 'headers'> {
  return {
    body: Buffer.from(JSON.stringify(body)),
    contentType: 'application/json',
    persistent: false,
    mandatory: false,
  }
}

function parseBody({ body, contentType }: Incoming): unknown {
  if (contentType !== 'application/json') throw new Unreadable('it is no JSON')
  if (body.length > largestMessageBytes) throw new Unreadable('it is too large')
  return parseStrictJson(body.toString('utf8'))
}

type Fields = Readonly<Record<string, unknown>>

function readMap(value: unknown, what: string): Fields {
  if (!isMap(value)) throw new Unreadable(`${what} is no map`)
  return value
}

function isNothing(value: unknown): value is null | undefined {
  return value === undefined || value === null
}

function orProblem<T>(read: () => T): T | Undecodable {
  try {
    return read()
  } catch (error) {
    if (error instanceof Unreadable) return { problem: error.message }
    throw error
  }
}
