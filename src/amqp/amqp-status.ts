import type { BrokerStatus, QueueStatus, WorkerStatus } from '../broker/broker-status.ts'
import type { LeaderStatus } from '../broker/term.ts'
import type { Clock } from '../core/clock.ts'
import { milliseconds } from '../core/instant.ts'
import { callControl } from './control-caller.ts'
import { ladderSteps } from './ladder.ts'
import type { Session } from './session.ts'
import { deadQueue, etaQueue, hasLanes, laneQueues, type QueueType } from './topology.ts'

/** What one process answers when it is asked how it is. */
export interface ProcessStatus {
  readonly leaders: readonly LeaderStatus[]
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

export const statusMethod = 'taskbeat.status'

/** All who live answer well within this. */
const patience = milliseconds(400)

/**
 * One look at everything. Nobody counts on RabbitMQ what is in it as a whole: the queues tell what lies ready in them,
 * the workers what they hold, and whoever leads that it does. So the figures are of slightly different moments. What
 * waits on the delay ladder lies there with that of all queues together, and is told as a queue of its own.
 */
export async function readAmqpStatus(
  session: Session,
  queues: readonly string[],
  parts: { readonly typeOf: (queue: string) => QueueType; readonly clock: Clock },
): Promise<BrokerStatus> {
  const request = { method: statusMethod, arguments: {} }
  const replies = await callControl(session, request, patience, parts.clock)
  const processes = replies.map(({ value }) => readProcess(value)).filter((status) => status !== undefined)
  const workers = processes.flatMap((status) => status.workers)
  const named = [...new Set([...queues, ...workers.flatMap((worker) => worker.queues)])].sort()
  const held = workers.flatMap((worker) => worker.held)
  const counted: QueueStatus[] = []
  for (const queue of named) counted.push(await countQueue(session, queue, parts.typeOf(queue), held))
  const delayed = await countReady(
    session,
    ladderSteps.map(({ name }) => name),
  )
  counted.push({ name: 'taskbeat.delay', ready: 0, scheduled: delayed, running: 0, dead: 0 })
  return {
    leaders: processes.flatMap((status) => status.leaders),
    workers: workers.map(({ held: _held, ...worker }) => worker).sort((a, b) => a.since - b.since),
    queues: counted.filter(({ ready, scheduled, running, dead }) => ready + scheduled + running + dead > 0),
  }
}

async function countQueue(
  session: Session,
  queue: string,
  type: QueueType,
  held: readonly HeldCounts[],
): Promise<QueueStatus> {
  const ofQueue = held.filter((counts) => counts.queue === queue)
  const sum = (key: 'running' | 'waiting' | 'ready'): number =>
    ofQueue.reduce((total, counts) => total + counts[key], 0)
  const lanes = hasLanes(type) ? laneQueues(queue) : []
  return {
    name: queue,
    ready: (await countReady(session, [queue, ...lanes])) + sum('ready'),
    scheduled: (await countReady(session, [etaQueue(queue)])) + sum('waiting'),
    running: sum('running'),
    dead: await countReady(session, [deadQueue(queue)]),
  }
}

async function countReady(session: Session, names: readonly string[]): Promise<number> {
  let total = 0
  for (const name of names) {
    const counts = await session.apart(`look at queue ${name}`, (channel) => channel.checkQueue(name))
    total += counts?.messages ?? 0
  }
  return total
}

/** The answer comes from outside: what does not look like one is left out. */
function readProcess(value: unknown): ProcessStatus | undefined {
  if (!isMap(value) || !Array.isArray(value.leaders) || !Array.isArray(value.workers)) return undefined
  const looksRight =
    value.leaders.every((leader) => isMap(leader) && typeof leader.group === 'string') &&
    value.workers.every(
      (worker) => isMap(worker) && Array.isArray(worker.queues) && Array.isArray(worker.held),
    )
  return looksRight ? (value as unknown as ProcessStatus) : undefined
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
