import type { StatementSync } from 'node:sqlite'
import type { AdoptedSchedule, Candidate, Predecessor } from '../broker/term.ts'
import type { Cursor } from '../core/cursor.ts'
import type { Instant } from '../core/instant.ts'
import { newUuid } from '../core/uuid.ts'
import type { Database } from './database.ts'

/** The state of a schedule group: who leads, and through when everything is emitted. */
export interface GroupRow {
  readonly name: string
  readonly namespace: string
  readonly epoch: number
  readonly seq: number
  readonly cursor_due: number | null
  readonly cursor_entry: string | null
  /** The instance that leads; null after a clean stop. */
  readonly holder: string | null
  readonly host: string
  readonly pid: number
  readonly since: number
  readonly schedule_hash: string
  readonly known_since: number | null
}

/** Reading and writing it; everything but `all` and `find` is to be called within a transaction. */
export class GroupTable {
  readonly #all: StatementSync
  readonly #find: StatementSync
  readonly #create: StatementSync
  readonly #take: StatementSync
  readonly #commit: StatementSync
  readonly #restart: StatementSync
  readonly #adopt: StatementSync
  readonly #leave: StatementSync

  constructor(database: Database) {
    this.#all = database.prepare('SELECT * FROM groups ORDER BY name')
    this.#find = database.prepare('SELECT * FROM groups WHERE name = ?')
    this.#create = database.prepare(`
      INSERT INTO groups (name, namespace, epoch, seq, host, pid, since, schedule_hash) VALUES (?, ?, 0, 0, '', 0, 0, '')`)
    this.#take = database.prepare(`
      UPDATE groups SET epoch = epoch + 1, seq = 0, holder = ?, host = ?, pid = ?, since = ?,
        schedule_hash = iif(epoch = 0, ?, schedule_hash)
      WHERE name = ?`)
    const mine = 'WHERE name = ? AND epoch = ? AND holder = ?'
    this.#commit = database.prepare(
      `UPDATE groups SET seq = seq + 1, cursor_due = ?, cursor_entry = ? ${mine}`,
    )
    this.#restart = database.prepare(
      `UPDATE groups SET epoch = epoch + 1, seq = 0, cursor_due = ?, cursor_entry = ? ${mine}`,
    )
    this.#adopt = database.prepare(`UPDATE groups SET schedule_hash = ?, known_since = ? ${mine}`)
    this.#leave = database.prepare(`UPDATE groups SET holder = NULL ${mine}`)
  }

  all(): GroupRow[] {
    return this.#all.all() as unknown as GroupRow[]
  }

  find(name: string): GroupRow | undefined {
    return this.#find.get(name) as GroupRow | undefined
  }

  /** The group, made with a namespace of its own if nobody ever led it. */
  ensure(name: string): GroupRow {
    const found = this.find(name)
    if (found) return found
    this.#create.run(name, newUuid())
    return this.ensure(name)
  }

  take({ group, host, pid, scheduleHash }: Candidate, holder: string, now: Instant): GroupRow {
    this.#take.run(holder, host, pid, now, scheduleHash, group)
    return this.ensure(group)
  }

  /** These say whether the lease is still this one. */
  commit(lease: Lease, cursor: Cursor): boolean {
    return this.#commit.run(cursor.due, cursor.entry, ...parts(lease)).changes === 1
  }

  restart(lease: Lease, cursor: Cursor): boolean {
    return this.#restart.run(cursor.due, cursor.entry, ...parts(lease)).changes === 1
  }

  adopt(lease: Lease, { scheduleHash, knownSince }: AdoptedSchedule): boolean {
    return this.#adopt.run(scheduleHash, knownSince, ...parts(lease)).changes === 1
  }

  leave(lease: Lease): boolean {
    return this.#leave.run(...parts(lease)).changes === 1
  }

  holds({ group, epoch, holder }: Lease): boolean {
    const row = this.find(group)
    return row?.epoch === epoch && row.holder === holder
  }
}

/** What a leader shows for itself. */
export interface Lease {
  readonly group: string
  readonly epoch: number
  readonly holder: string
}

function parts({ group, epoch, holder }: Lease): [string, number, string] {
  return [group, epoch, holder]
}

export function toCursor(row: GroupRow): Cursor | undefined {
  if (row.cursor_due === null || row.cursor_entry === null) return undefined
  return { due: row.cursor_due as Instant, entry: row.cursor_entry }
}

/** Who led it, as the next leader is told; undefined when nobody did. */
export function toPredecessor(row: GroupRow): Predecessor | undefined {
  if (row.epoch === 0) return undefined
  const knownSince = row.known_since === null ? undefined : (row.known_since as Instant)
  return { host: row.host, scheduleHash: row.schedule_hash, knownSince }
}
