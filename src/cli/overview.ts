import { isThere, openExistingBroker, openExistingJournal } from '../app/existing-state.ts'
import type { Host } from '../app/host.ts'
import { type BrokerPlan, describeBroker } from '../app/open-broker.ts'
import { journalPath } from '../app/paths.ts'
import type { BeatReport, BrokerStatus, QueueStatus, WorkerStatus } from '../broker/broker-status.ts'
import type { LeaderStatus } from '../broker/term.ts'
import type { Settings } from '../config/settings.ts'
import type { Instant } from '../core/instant.ts'
import type { EntrySpec } from '../schedule/entry-spec.ts'
import { type HistoryItem, newestOfEntries } from './history.ts'
import { nextStart } from './upcoming.ts'

/** Everything that `status` tells, at one moment. */
export interface Overview {
  readonly now: Instant
  /** `exists` is about files: one that is somewhere else is asked. */
  readonly broker: { readonly place: string; readonly exists: boolean }
  readonly group: string
  /** Who leads the group, or did last. */
  readonly leader: LeaderStatus | undefined
  /** Leaders of other groups on the same broker. */
  readonly otherLeaders: readonly LeaderStatus[]
  /** Beats of the group that stand by, as far as they can be seen. */
  readonly standbys: readonly BeatReport[]
  readonly workers: readonly WorkerStatus[]
  readonly queues: readonly QueueOverview[]
  /** What is due so late that no queue counts it yet. */
  readonly delayed: number
  /** The broker takes no messages at present, so nobody could answer. */
  readonly takesNothing: boolean
  /** Whose runs these are: a journal is its host's own. */
  readonly journal: { readonly host: string; readonly path: string; readonly exists: boolean }
  readonly entries: readonly EntryOverview[]
}

export interface QueueOverview extends QueueStatus {
  /** How many workers take from it. */
  readonly workers: number
}

export interface EntryOverview {
  readonly spec: EntrySpec
  /** The newest of what ran or was missed. */
  readonly last: HistoryItem | undefined
  /** When it starts next, jitter included; undefined = never. */
  readonly next: Instant | undefined
}

/**
 * Looks at broker, journal and schedule. That nothing has run here yet is an answer, not an error. `otherQueues` are
 * looked at though the file does not name them: RabbitMQ tells nobody which there are.
 */
export async function readOverview(
  settings: Settings,
  host: Host,
  now: Instant,
  otherQueues: readonly string[] = [],
): Promise<Overview> {
  const { group } = settings.broker
  const shown = [...new Set([...settings.worker.queues, ...otherQueues])]
  const broker = {
    place: describeBroker(settings.broker),
    exists: settings.broker.kind === 'amqp' || isThere(settings.broker.path),
  }
  const journal = { host: host.name, path: journalPath(settings), exists: isThere(journalPath(settings)) }
  const { leaders, beats, workers, queues, delayed, takesNothing } = broker.exists
    ? await readBroker({ ...settings, worker: { queues: shown } }, host)
    : nobody
  const last = journal.exists ? await readNewest(settings, host) : new Map<string, HistoryItem>()
  return {
    now,
    broker,
    group,
    leader: leaders.find((leader) => leader.group === group),
    otherLeaders: leaders.filter((leader) => leader.group !== group && leader.alive),
    standbys: beats.filter((beat) => beat.group === group && !beat.leads),
    workers,
    queues: withUnused(shown, queues).map((queue) => ({
      ...queue,
      workers: workers.filter(
        ({ queues: served, awaits }) => served.includes(queue.name) && !awaits.includes(queue.name),
      ).length,
    })),
    delayed,
    takesNothing,
    journal,
    entries: settings.schedules.map((spec) => ({
      spec,
      last: last.get(spec.name),
      next: nextStart(spec, now),
    })),
  }
}

const nobody: BrokerStatus = {
  leaders: [],
  beats: [],
  workers: [],
  queues: [],
  delayed: 0,
  takesNothing: false,
}

async function readBroker(settings: BrokerPlan, host: Host): Promise<BrokerStatus> {
  const broker = openExistingBroker(settings, host)
  try {
    return await broker.status()
  } finally {
    await broker.close()
  }
}

async function readNewest(settings: Settings, host: Host): Promise<ReadonlyMap<string, HistoryItem>> {
  const journal = openExistingJournal(settings, host)
  try {
    return newestOfEntries(
      journal,
      settings.schedules.map(({ name }) => name),
    )
  } finally {
    await journal.close()
  }
}

/** The queues of the file and those that the broker knows beside them. */
function withUnused(names: readonly string[], found: readonly QueueStatus[]): QueueStatus[] {
  const unused = names
    .filter((name) => !found.some((queue) => queue.name === name))
    .map((name) => ({ name, ready: 0, scheduled: 0, running: 0, dead: 0 }))
  return [...found, ...unused]
}
