import type { BeatReport } from '../broker/broker-status.ts'
import type { LeaderStatus } from '../broker/term.ts'
import { isoOrNull } from './local-time.ts'
import type { EntryOverview, Overview } from './overview.ts'
import { toHistoryJson } from './run-json.ts'

/**
 * `{broker, group, leader, standbys: […], other_leaders: […], takes_nothing, workers: […], queues: […], delayed, journal,
 * entries: […]}`. `leader` is null when nobody ever led,
 * and `alive` false when whoever did is gone; an entry's `last` is null, or an element of `runs --json`.
 */
export function toOverviewJson({
  broker,
  group,
  leader,
  otherLeaders,
  standbys,
  delayed,
  takesNothing,
  workers,
  queues,
  journal,
  entries,
}: Overview): unknown {
  return {
    broker,
    group,
    leader: leader ? toLeaderJson(leader) : null,
    standbys: standbys.map((beat) => toStandbyJson(beat, leader)),
    other_leaders: otherLeaders.map((other) => ({ group: other.group, ...toLeaderJson(other) })),
    takes_nothing: takesNothing,
    workers: workers.map(({ host, pid, since, queues: served, awaits, slots, running }) => ({
      host,
      pid,
      since: isoOrNull(since),
      queues: served,
      awaits,
      slots,
      running,
    })),
    queues,
    delayed,
    journal,
    entries: entries.map((entry) => toEntryJson(entry, journal.host)),
  }
}

function toStandbyJson({ host, pid, scheduleHash, difference }: BeatReport, leader?: LeaderStatus): unknown {
  const sameSchedule = leader === undefined || leader.scheduleHash === scheduleHash
  return { host, pid, same_schedule: sameSchedule, difference: difference ?? null }
}

function toLeaderJson({
  host,
  pid,
  epoch,
  since,
  cursor,
  alive,
}: LeaderStatus): Readonly<Record<string, unknown>> {
  return { host, pid, since: isoOrNull(since), alive, epoch, emitted_through: isoOrNull(cursor?.due) }
}

function toEntryJson({ spec, last, next }: EntryOverview, host: string): unknown {
  const { name, task, enabled, timezone } = spec
  return {
    entry: name,
    task,
    timezone,
    enabled,
    next: isoOrNull(next),
    last: last ? toHistoryJson(last, host) : null,
  }
}
