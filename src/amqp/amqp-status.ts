import type { BeatReport, BrokerStatus, QueueStatus } from '../broker/broker-status.ts'
import type { Clock } from '../core/clock.ts'
import { milliseconds } from '../core/instant.ts'
import { isMap } from '../core/is-map.ts'
import { callControl } from './control-caller.ts'
import { ladderSteps } from './ladder.ts'
import { type HeldCounts, type ProcessStatus, readProcess } from './process-status.ts'
import { compareDigests, readDigest, type ScheduleDigest, scheduleMethod } from './schedule-digest.ts'
import type { QueueCounts, Session } from './session.ts'
import { batonQueue, deadQueue, etaQueue, hasLanes, laneQueues, type QueueType } from './topology.ts'

export const statusMethod = 'taskbeat.status'

/** Whoever is not expected answers well within this, if it is not busy. */
const atLeast = milliseconds(100)
/** Whoever is expected has so long; when its connection is dead the broker may not know yet. */
const atMost = milliseconds(2_000)
/** Anybody can answer. Beyond so many processes, queues that only they name, and groups, nothing is looked at. */
const most = { processes: 1_000, otherQueues: 100, groups: 10 } as const

export interface StatusParts {
  /** Whose beats are expected to answer. */
  readonly group: string
  readonly queues: readonly string[]
  readonly typeOf: (queue: string) => QueueType
  readonly clock: Clock
}

/**
 * One look at everything. Nobody counts on RabbitMQ what is in it as a whole: the queues tell what lies ready in them,
 * the workers what they hold, and the beats what they do. So the figures are of slightly different moments. What waits
 * on the delay ladder lies there with that of all queues together.
 *
 * How many have to answer is known by the consumers of the queues and of the baton.
 */
export async function readAmqpStatus(session: Session, parts: StatusParts): Promise<BrokerStatus> {
  const { clock, queues, typeOf } = parts
  const counts = await countAll(session, [
    ...queues.flatMap((queue) => partsOf(queue, typeOf(queue))),
    ...ladderSteps.map(({ name }) => name),
    batonQueue(parts.group),
  ])
  const processes = await askAll(session, parts, counts)
  const workers = processes.flatMap((status) => status.workers)
  const served = [...new Set(workers.flatMap((worker) => worker.queues))]
  const unexpected = served.filter((queue) => !queues.includes(queue)).slice(0, most.otherQueues)
  const named = await countAll(session, unexpected)
  const others = [...named.keys()] // those that are there: each other one would cost a channel for each of its parts
  for (const [name, count] of await countAll(
    session,
    others.flatMap((queue) => partsOf(queue, typeOf(queue))),
  ))
    counts.set(name, count)
  const held = workers.flatMap((worker) => worker.held)
  const counted = [...queues, ...others].sort().map((queue) => toStatus(queue, typeOf(queue), counts, held))
  const beats = processes.flatMap((status) => status.beats)
  return {
    leaders: processes.flatMap((status) => status.leaders),
    beats: await compareSchedules(session, clock, beats),
    workers: workers.map(({ held: _held, ...worker }) => worker).sort((a, b) => a.since - b.since),
    queues: counted.filter(({ ready, scheduled, running, dead }) => ready + scheduled + running + dead > 0),
    takesNothing: session.blocked,
    delayed: sum(ladderSteps, ({ name }) => counts.get(name)?.messages),
  }
}

/** What the processes say that live, once all that are expected have answered. */
async function askAll(
  session: Session,
  { group, queues, typeOf, clock }: StatusParts,
  counts: ReadonlyMap<string, QueueCounts>,
): Promise<readonly ProcessStatus[]> {
  const own = queues.filter((queue) => typeOf(queue) !== 'existing')
  const processes: ProcessStatus[] = []
  const working = new Map<string, number>()
  let beating = 0
  let heard = 0
  const hear = (status: ProcessStatus): void => {
    processes.push(status)
    beating += status.beats.filter((beat) => beat.group === group).length
    for (const queue of status.workers.flatMap((worker) => [...new Set(worker.queues)]))
      working.set(queue, (working.get(queue) ?? 0) + 1)
  }
  const consumersOf = (queue: string): number => counts.get(queue)?.consumers ?? 0
  await callControl(session, { method: statusMethod, arguments: {} }, clock, {
    atLeast,
    atMost,
    isEnough: (replies) => {
      for (; heard < replies.length && processes.length < most.processes; heard++) {
        const status = readProcess(replies[heard]?.value)
        if (status) hear(status)
      }
      return (
        beating >= consumersOf(batonQueue(group)) &&
        own.every((queue) => (working.get(queue) ?? 0) >= consumersOf(queue))
      )
    },
  })
  return processes
}

/** Asks those beats for their schedules that have another than their leader. */
async function compareSchedules(
  session: Session,
  clock: Clock,
  beats: readonly BeatReport[],
): Promise<readonly BeatReport[]> {
  const leaders = new Map(beats.filter(({ leads }) => leads).map((beat) => [beat.group, beat]))
  const leaderOf = (group: string): BeatReport | undefined => leaders.get(group)
  const differs = ({ group, scheduleHash }: BeatReport): boolean =>
    (leaderOf(group)?.scheduleHash ?? scheduleHash) !== scheduleHash
  const digests = new Map<string, ScheduleDigest>()
  const groups = [...new Set(beats.filter(differs).map((beat) => beat.group))].slice(0, most.groups)
  for (const found of await Promise.all(groups.map((group) => askDigests(session, clock, beats, group))))
    for (const [hash, digest] of found) digests.set(hash, digest)
  return beats.map((beat) => {
    const ours = digests.get(leaderOf(beat.group)?.scheduleHash ?? '')
    const theirs = digests.get(beat.scheduleHash)
    if (!differs(beat) || !ours || !theirs) return beat
    return { ...beat, difference: compareDigests(ours, theirs) }
  })
}

/** By the hash of the schedule. */
async function askDigests(
  session: Session,
  clock: Clock,
  beats: readonly BeatReport[],
  group: string,
): Promise<ReadonlyMap<string, ScheduleDigest>> {
  const wanted = new Set(beats.filter((beat) => beat.group === group).map((beat) => beat.scheduleHash))
  const found = new Map<string, ScheduleDigest>()
  await callControl(session, { method: scheduleMethod, arguments: { group } }, clock, {
    atMost: milliseconds(1_000),
    isEnough: (replies) => {
      for (const { value } of replies) {
        if (!isMap(value) || typeof value.hash !== 'string' || !wanted.has(value.hash)) continue
        const digest = readDigest(value.entries)
        if (digest) found.set(value.hash, digest)
      }
      return found.size === wanted.size
    },
  })
  return found
}

function toStatus(
  queue: string,
  type: QueueType,
  counts: ReadonlyMap<string, QueueCounts>,
  held: readonly HeldCounts[],
): QueueStatus {
  const ofQueue = held.filter((each) => each.queue === queue)
  const ready = (names: readonly string[]): number => sum(names, (name) => counts.get(name)?.messages)
  return {
    name: queue,
    ready: ready(duePartsOf(queue, type)) + sum(ofQueue, (each) => each.ready),
    scheduled: ready([etaQueue(queue)]) + sum(ofQueue, ({ waiting }) => waiting),
    running: sum(ofQueue, ({ running }) => running),
    dead: ready([deadQueue(queue)]),
  }
}

function partsOf(queue: string, type: QueueType): string[] {
  return [...duePartsOf(queue, type), etaQueue(queue), deadQueue(queue)]
}

function duePartsOf(queue: string, type: QueueType): string[] {
  return [queue, ...(hasLanes(type) ? laneQueues(queue) : [])]
}

/** Those that are there. One that is not ends the channel that it was looked for on. */
async function countAll(session: Session, names: readonly string[]): Promise<Map<string, QueueCounts>> {
  const counts = new Map<string, QueueCounts>()
  let next = 0
  while (next < names.length) {
    await session.apart('count what waits', async (channel) => {
      for (let name = names[next++]; name !== undefined; name = names[next++]) {
        const count = await channel.checkQueue(name)
        if (!count) return
        counts.set(name, count)
      }
    })
  }
  return counts
}

function sum<T>(items: readonly T[], of: (item: T) => number | undefined): number {
  return items.reduce((total, item) => total + (of(item) ?? 0), 0)
}
