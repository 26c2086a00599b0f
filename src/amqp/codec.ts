import type { Instant } from '../core/instant.ts'
import type { Undecodable } from '../task/parse-task-message.ts'
import type { TaskMessage } from '../task/task-message.ts'
import type { Incoming, Outgoing } from './session.ts'

/** What is published for a message, but for where to. */
export type TaskParts = Omit<Outgoing, 'exchange' | 'routingKey'>

export interface EncodeOptions {
  /** Who sends it, for monitors: `gen1234@host` by Celery's habit. Left out where nobody reads it. */
  readonly origin?: string
  /** An ETA that is not after this instant is not written: for queues whose Celery workers run what has an ETA up to two seconds late. */
  readonly etaSaysNothingThrough?: Instant
}

/** Throws MESSAGE_REFUSED for what no worker could take. */
export function encodeTask(message: TaskMessage, options: EncodeOptions = {}): TaskParts {
  throw new Error(`not yet: ${message.id} ${options.origin}`)
}

export interface ArrivalContext {
  /** The queue that it belongs to: Q also for what came out of Q.eta, a lane, Q.running or Q.dead. */
  readonly queue: string
  /** The ETA of what has none. */
  readonly now: Instant
}

/** What arrived, taken as a task message or refused with the first reason found. */
export function decodeTask(incoming: Incoming, context: ArrivalContext): TaskMessage | Undecodable {
  throw new Error(`not yet: ${incoming.queue} ${context.queue}`)
}

/** The id that a message claims to have, decodable or not. */
export function claimedId(incoming: Incoming): string | undefined {
  throw new Error(`not yet: ${incoming.queue}`)
}

/**
 * The same message again: its body as it came and all of its headers, those of the broker (`x-…`) apart. What it
 * carries for others (a trace, a tenant, what a Celery client adds) stays with it.
 */
export function forwardTask(incoming: Incoming, change: { attempt?: number; eta?: Instant } = {}): TaskParts {
  throw new Error(`not yet: ${incoming.queue} ${change.attempt}`)
}

/** The same message for the queue of dead letters. */
export function deadTask(incoming: Incoming, reason: string, at: Instant): TaskParts {
  throw new Error(`not yet: ${incoming.queue} ${reason} ${at}`)
}
