import type { StatementSync } from 'node:sqlite'
import type { Instant } from '../core/instant.ts'
import type { KeptResult } from '../task/run-result.ts'
import { type Database, readable } from './database.ts'
import { parseResult } from './recorded-result.ts'

/**
 * Results until they are forgotten. `seq` only ever rises, also when the newest was removed: who waits for results
 * reads what came after the last that it saw.
 */
export const resultTables: string = `
    CREATE TABLE results (
      seq INTEGER PRIMARY KEY AUTOINCREMENT ${readable('seq')},
      id TEXT NOT NULL UNIQUE,
      body TEXT NOT NULL,
      forget_at INTEGER NOT NULL ${readable('forget_at')}
    ) STRICT;
    CREATE INDEX results_forget ON results (forget_at);
`

/** How many are removed in one transaction. */
const mostRemoved = 500
/** How many are counted at once. */
const sliceLength = 500

/** Some results that follow each other. */
export interface ResultSlice {
  readonly first: number
  readonly last: number
  readonly results: number
  readonly bytes: number
}

/** Reading and, within a transaction, writing results. */
export class ResultTable {
  readonly #put: StatementSync
  readonly #get: StatementSync
  readonly #last: StatementSync
  readonly #after: StatementSync
  readonly #forget: StatementSync
  readonly #slice: StatementSync
  readonly #remove: StatementSync

  constructor(database: Database) {
    this.#put = database.prepare('INSERT OR REPLACE INTO results (id, body, forget_at) VALUES (?, ?, ?)')
    this.#get = database.prepare('SELECT body, forget_at FROM results WHERE id = ?')
    this.#last = database.prepare('SELECT seq FROM results ORDER BY seq DESC LIMIT 1')
    this.#after = database.prepare('SELECT seq, id FROM results WHERE seq > ? ORDER BY seq')
    this.#forget = database.prepare(`
      DELETE FROM results WHERE seq IN (SELECT seq FROM results WHERE forget_at < ? LIMIT ${mostRemoved})`)
    this.#slice = database.prepare(`
      SELECT coalesce(min(seq), 0) AS first, coalesce(max(seq), 0) AS last, count(*) AS results,
        coalesce(sum(octet_length(body)), 0) AS bytes
      FROM (SELECT seq, body FROM results WHERE seq < ? ORDER BY seq DESC LIMIT ${sliceLength})`)
    this.#remove = database.prepare(`
      DELETE FROM results WHERE seq IN (SELECT seq FROM results WHERE seq <= ? LIMIT ${mostRemoved})`)
  }

  /** The result of a run that has one already is replaced. */
  put(id: string, { result, forgetAt }: KeptResult): void {
    this.#put.run(id, JSON.stringify(result), forgetAt)
  }

  /** What was stored; undefined when there is none, or when what is there is none. */
  get(id: string): KeptResult | undefined {
    const row = this.#get.get(id) as { body: string; forget_at: number } | undefined
    return row && parseResult(row.body, row.forget_at)
  }

  /** The newest there is. */
  lastSeq(): number {
    return (this.#last.get() as { seq: number } | undefined)?.seq ?? 0
  }

  /** Which came after that one. */
  after(seq: number): readonly { readonly seq: number; readonly id: string }[] {
    return this.#after.all(seq) as { seq: number; id: string }[]
  }

  /** Within a transaction: removes some of those that are to be forgotten. True when there may be more. */
  forget(now: Instant): boolean {
    return this.#forget.run(now).changes === mostRemoved
  }

  /** Those that came last before that one. */
  sliceBefore(seq: number): ResultSlice {
    return this.#slice.get(seq) as unknown as ResultSlice
  }

  /** Within a transaction: removes some that came up to that one. True when there may be more. */
  removeThrough(seq: number): boolean {
    return this.#remove.run(seq).changes === mostRemoved
  }
}
