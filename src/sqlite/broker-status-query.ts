import type { BeatReport, BrokerStatus, QueueStatus, WorkerStatus } from '../broker/broker-status.ts'
import type { LeaderStatus } from '../broker/term.ts'
import { type Instant, instant } from '../core/instant.ts'
import type { Database } from './database.ts'
import { GroupTable, toCursor } from './group-table.ts'
import { isAlive } from './instance.ts'

/** One look at everything; for people, so it may count rows. */
export function readBrokerStatus(database: Database, directory: string, now: Instant): BrokerStatus {
  const leaders = readLeaders(database, directory)
  return {
    leaders,
    beats: leaders.filter(({ alive }) => alive).map((leader) => ({ ...toBeat(leader), leads: true })),
    delayed: 0,
    takesNothing: false,
    workers: readWorkers(database, directory),
    queues: readQueues(database, now),
  }
}

function toBeat({ group, host, pid, scheduleHash }: LeaderStatus): Omit<BeatReport, 'leads'> {
  return { group, host, pid, scheduleHash }
}

function readLeaders(database: Database, directory: string): LeaderStatus[] {
  return new GroupTable(database).all().map((row) => ({
    group: row.name,
    host: row.host,
    pid: row.pid,
    epoch: row.epoch,
    since: instant(row.since),
    scheduleHash: row.schedule_hash,
    cursor: toCursor(row),
    alive: row.holder !== null && isAlive(directory, row.holder),
  }))
}

interface WorkerRow {
  readonly instance: string
  readonly host: string
  readonly pid: number
  readonly since: number
  readonly queues: string
  readonly slots: number
  /** What was handed out to it and does not end without a run. */
  readonly held: number
}

function readWorkers(database: Database, directory: string): WorkerStatus[] {
  const rows = database
    .prepare(
      `SELECT w.*, (SELECT count(*) FROM messages WHERE holder = w.instance AND state = 1) AS held
       FROM workers AS w ORDER BY since`,
    )
    .all() as unknown as WorkerRow[]
  return rows
    .filter((row) => isAlive(directory, row.instance))
    .map(({ held, ...row }) => ({
      ...row,
      running: Math.min(held, row.slots),
      since: instant(row.since),
      queues: JSON.parse(row.queues) as string[],
      awaits: [],
    }))
}

function readQueues(database: Database, now: Instant): QueueStatus[] {
  const rows = database
    .prepare(
      `SELECT queue AS name,
         sum(state = 3 OR state = 0 AND eta <= ?1) AS ready, sum(state = 0 AND eta > ?1) AS scheduled,
         sum(state IN (1, 2)) AS running, sum(dead) AS dead
       FROM (SELECT queue, state, eta, 0 AS dead FROM messages
             UNION ALL SELECT queue, NULL, NULL, 1 FROM dead_letters)
       GROUP BY queue ORDER BY queue`,
    )
    .all(now) as unknown as Record<keyof QueueStatus, number | string | null>[]
  return rows.map((row) => ({
    name: String(row.name),
    ready: Number(row.ready ?? 0),
    scheduled: Number(row.scheduled ?? 0),
    running: Number(row.running ?? 0),
    dead: Number(row.dead ?? 0),
  }))
}
