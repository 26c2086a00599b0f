import type { StatementSync } from 'node:sqlite'
import { instant } from '../core/instant.ts'
import type { BeatRecord, RecordedEntry } from '../journal/beat-record.ts'
import type { MissedRecord } from '../journal/run.ts'
import { Database } from './database.ts'
import { journalBlueprint } from './journal-tables.ts'

export interface SqliteBeatRecordOptions {
  /** The journal's file: what was missed is read with what ran. */
  readonly path: string
  readonly group: string
}

/** Opens the beat's part of the journal's file, making it if it is missing. Throws STATE_UNUSABLE and STATE_CORRUPT. */
export function openSqliteBeatRecord(options: SqliteBeatRecordOptions): BeatRecord {
  return new SqliteBeatRecord(options)
}

/**
 * Through a connection of its own with `synchronous=FULL`: little is written
 * here, and it decides what is not emitted.
 */
class SqliteBeatRecord implements BeatRecord {
  readonly #database: Database
  readonly #group: string
  readonly #entries: StatementSync
  readonly #put: StatementSync
  readonly #remove: StatementSync
  readonly #missed: StatementSync

  constructor({ path, group }: SqliteBeatRecordOptions) {
    this.#database = new Database(path, journalBlueprint, { synchronous: 'FULL', create: true })
    this.#group = group
    this.#entries = this.#database.prepare(
      'SELECT name, hash, since, definition FROM entries WHERE schedule_group = ? ORDER BY name',
    )
    this.#put = this.#database.prepare('INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?)')
    this.#remove = this.#database.prepare('DELETE FROM entries WHERE schedule_group = ? AND name = ?')
    this.#missed = this.#database.prepare(`
      INSERT INTO missed (entry, task, first, last, count, exact, reason, recorded) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (entry, first, reason) DO UPDATE SET
      last = excluded.last, count = excluded.count, exact = excluded.exact, recorded = excluded.recorded`)
  }

  *entries(): Generator<RecordedEntry> {
    for (const row of this.#entries.iterate(this.#group)) {
      yield {
        name: String(row.name),
        hash: String(row.hash),
        since: instant(Number(row.since)),
        definition: String(row.definition),
      }
    }
  }

  async change(change: { put: readonly RecordedEntry[]; remove: readonly string[] }): Promise<void> {
    await this.#database.write('record the schedule', () => {
      for (const name of change.remove) this.#remove.run(this.#group, name)
      for (const { name, hash, since, definition } of change.put) {
        this.#put.run(this.#group, name, hash, since, definition)
      }
    })
  }

  async recordMissed(records: readonly MissedRecord[]): Promise<void> {
    await this.#database.write('record what was missed', () => {
      for (const { entry, task, first, last, count, exact, reason, recorded } of records) {
        this.#missed.run(entry, task, first, last, count, exact ? 1 : 0, reason, recorded)
      }
    })
  }

  async close(): Promise<void> {
    this.#database.close()
  }
}
