import { deadLetterLimit } from '../broker/dead-letters.ts'
import { hashText } from '../core/hash-text.ts'
import { type Milliseconds, milliseconds } from '../core/instant.ts'
import { type Binding, dueExchange, ladderBindings, ladderExchanges, ladderQueues } from './ladder.ts'
import type { ExchangeDeclaration, QueueDeclaration } from './session.ts'

/**
 * What taskbeat keeps in RabbitMQ, as data. For a queue Q:
 *
 *     Q                   the work                       ── returned too often ──▶ Q.dead
 *     Q.eta               what is due soon, held by the workers of Q until then
 *     Q.lane.0 … .15      occurrences of entries whose runs may not overlap; one consumer at a time
 *     Q.running.<worker>  long runs of one worker        ── 10 s after it is gone ──▶ Q
 *     Q.dead              messages set aside: the newest 10,000, for 14 days
 *
 * and for all of them the delay ladder, the control exchange and what was cancelled, and for each group its baton, what
 * it has revoked and what it has parked.
 *
 * All work is in quorum queues: they alone are on disk when the broker says so, on one node too. Dead-lettering is
 * at least once only where strategy, overflow and exchange are all given, and falls back in silence otherwise. The
 * delivery limit is always a positive number: up to 3.13 there is none by default and -1 drops a message at its first
 * return, from 4.0 the default is 20, and up to 4.2 each message that a stopping worker gives back is counted.
 * Arguments cannot be changed once a queue exists, so the names of what is ours alone have a version.
 */
export interface Topology {
  readonly exchanges: readonly ExchangeDeclaration[]
  /** In the order in which they have to be declared: what dead letters go to comes before what they come from. */
  readonly queues: readonly QueueDeclaration[]
  readonly bindings: readonly Binding[]
  /** Queues of others: waited for, never made, never altered. */
  readonly foreign: readonly string[]
  /** Queues of ours whose names users chose. */
  readonly named: readonly string[]
}

export interface QueuePlan {
  readonly name: string
  readonly type: QueueType
}

/** `existing`: shared with others (Celery), who declare it. What stands beside it is ours all the same. */
export type QueueType = 'quorum' | 'classic' | 'existing'

export interface TopologyRequest {
  readonly queues: readonly QueuePlan[]
  /** The schedule group that is led; without it no baton. */
  readonly group?: string
  /** The worker whose long runs need a queue for each of `queues`. */
  readonly instance?: string
}

export function planTopology({ queues, group, instance }: TopologyRequest): Topology {
  return {
    exchanges: [...ladderExchanges, controlExchange],
    queues: [
      ...queues.flatMap((plan) => queueDeclarations(plan, instance)),
      ...ladderQueues,
      ...(group === undefined ? [] : groupQueues(group)),
    ],
    bindings: [...ladderBindings, ...queues.flatMap(destinationBindings)],
    foreign: queues.filter(({ type }) => type === 'existing').map(({ name }) => name),
    named: queues.filter(({ type }) => type !== 'existing').map(({ name }) => name),
  }
}

/** What may come off the ladder for this queue. A queue of others is never sent to by way of it. */
function destinationBindings({ name, type }: QueuePlan): Binding[] {
  const destinations = [etaQueue(name), ...(hasLanes(type) ? laneQueues(name) : [])]
  return destinations.map((queue) => ({ queue, exchange: dueExchange, routingKey: queue }))
}

/** Where messages of Q wait that are due soon. */
export const etaQueue = (queue: string): string => `${queue}.eta`
/** Where messages of Q are set aside. */
export const deadQueue = (queue: string): string => `${queue}.dead`
/** Where one worker keeps the messages of Q that it runs for long. */
export const runningQueue = (queue: string, instance: string): string => `${queue}.running.${instance}`
/** The lane of Q that all occurrences of this entry go through. */
export const laneQueue = (queue: string, entry: string): string => `${queue}.lane.${laneOf(entry)}`
/** All lanes of Q. */
export const laneQueues = (queue: string): readonly string[] =>
  Array.from({ length: laneCount }, (_, lane) => `${queue}.lane.${lane}`)
/** A queue of others has no lanes: their workers take from it as well, and no order among ours would hold for them. */
export const hasLanes = (type: QueueType): boolean => type !== 'existing'

/** Fixed for good: with another number the same entry would be in two lanes. */
export const laneCount = 16

/** The same for every process and every version: the first 32 bits of the name's SHA-1. */
function laneOf(entry: string): number {
  return Number.parseInt(hashText(entry).slice(0, 8), 16) % laneCount
}

/** Holds the state of a schedule group; whoever holds the message leads. */
export const batonQueue = (group: string): string => `taskbeat.${group}.baton.v1`
/** Where the broker puts a baton that was returned too often. */
export const lostBatonQueue = (group: string): string => `taskbeat.${group}.baton.lost`

/** What the leaders of a group have revoked, for those who lead after them. */
export const revocationQueue = (group: string): string => `taskbeat.${group}.revoked.v1`
/** Notices of up to a thousand ids each. */
export const mostStoredRevocations = 1_000

/** Occurrences of a group for queues of others that did not take them; see amqp-term-parking.ts. */
export const parkedQueue = (group: string): string => `taskbeat.${group}.parked.v1`

/** What is said to all processes at once. Of no use once nobody listens, so it is not durable. */
export const controlExchange: ExchangeDeclaration = {
  name: 'taskbeat.control',
  type: 'fanout',
  durable: false,
}

/** For so long what was cancelled is kept from starting. */
export const cancelledTtlMs: Milliseconds = milliseconds(366 * 86_400_000)

/** What senders have cancelled, see cancelled-runs.ts; some hundred bytes each. */
export const cancelledStream: QueueDeclaration = {
  name: 'taskbeat.cancelled.v1',
  durable: true,
  arguments: {
    'x-queue-type': 'stream',
    'x-max-age': '366D',
    'x-max-length-bytes': 10_000_000,
    'x-stream-max-segment-size-bytes': 1_000_000,
  },
}

/** High, because every message that a dying worker held is counted, the innocent too; it stops only what kills whoever takes it. */
const deliveryLimit = 200

function queueDeclarations({ name, type }: QueuePlan, instance: string | undefined): QueueDeclaration[] {
  const work = type === 'classic' ? classicWork(name) : quorumWork(name)
  return [
    deadDeclaration(name),
    ...(type === 'existing' ? [] : [declaration(name, work)]),
    declaration(etaQueue(name), work),
    ...(hasLanes(type) ? laneQueues(name) : []).map((lane) =>
      declaration(lane, { ...quorumWork(name), 'x-single-active-consumer': true }),
    ),
    ...(instance === undefined ? [] : [runningDeclaration(name, instance)]),
  ]
}

type Arguments = QueueDeclaration['arguments']

function declaration(name: string, args: Arguments): QueueDeclaration {
  return { name, durable: true, arguments: args }
}

function quorumWork(queue: string): Arguments {
  return { ...quorum, 'x-delivery-limit': deliveryLimit, ...deadLettersTo(deadQueue(queue)) }
}

/** A classic queue counts no deliveries and dead-letters at most once; whoever chooses it knows. */
function classicWork(queue: string): Arguments {
  return {
    'x-queue-type': 'classic',
    'x-dead-letter-exchange': '',
    'x-dead-letter-routing-key': deadQueue(queue),
  }
}

/** Reading the letters gives them all back, which the broker counts as deliveries: so its limit is out of reach. */
function deadDeclaration(queue: string): QueueDeclaration {
  return declaration(deadQueue(queue), {
    ...quorum,
    'x-delivery-limit': 1_000_000,
    'x-max-length': deadLetterLimit.count,
    'x-message-ttl': deadLetterLimit.ageMs,
    'x-overflow': 'drop-head',
  })
}

/**
 * Quorum and so not exclusive: it has to outlive its worker. The TTL does not touch what the worker holds; what comes
 * back when its connection dies is over it at once and goes to Q. The queue itself goes when it has had no consumer for
 * a day, which is long after it is empty.
 */
function runningDeclaration(queue: string, instance: string): QueueDeclaration {
  return declaration(runningQueue(queue, instance), {
    ...quorum,
    'x-delivery-limit': deliveryLimit,
    'x-message-ttl': 10_000,
    'x-expires': 86_400_000,
    ...deadLettersTo(queue),
  })
}

function groupQueues(group: string): QueueDeclaration[] {
  return [
    declaration(lostBatonQueue(group), {
      ...quorum,
      'x-delivery-limit': 1_000_000,
      'x-max-length': 100,
      'x-overflow': 'drop-head',
    }),
    declaration(revocationQueue(group), {
      ...quorum,
      'x-delivery-limit': 1_000_000, // each leader that reads them is counted
      'x-max-length': mostStoredRevocations,
      'x-overflow': 'drop-head',
    }),
    declaration(parkedQueue(group), {
      ...quorum,
      'x-delivery-limit': 100_000_000, // whenever they are looked through all are counted
    }),
    declaration(batonQueue(group), {
      ...quorum,
      'x-delivery-limit': 1_000,
      'x-single-active-consumer': true,
      ...deadLettersTo(lostBatonQueue(group)),
    }),
  ]
}

/** Always said: a virtual host can have another default. */
const quorum: Arguments = { 'x-queue-type': 'quorum' }

function deadLettersTo(queue: string): Arguments {
  return {
    'x-dead-letter-exchange': '',
    'x-dead-letter-routing-key': queue,
    'x-dead-letter-strategy': 'at-least-once',
    'x-overflow': 'reject-publish',
  }
}
