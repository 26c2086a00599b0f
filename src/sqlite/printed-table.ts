import type { StatementSync } from 'node:sqlite'
import { type Instant, milliseconds, plus } from '../core/instant.ts'
import { type PrintedPart, parsePrintedPart } from '../task/printed.ts'
import { type Database, readable } from './database.ts'

/** What followed runs have printed and their followers have not read yet. */
export const printedTables: string = `
    CREATE TABLE printed (
      seq INTEGER PRIMARY KEY AUTOINCREMENT ${readable('seq')},
      id TEXT NOT NULL,
      body TEXT NOT NULL,
      forget_at INTEGER NOT NULL ${readable('forget_at')}
    ) STRICT;
    CREATE INDEX printed_of_run ON printed (id, seq);
`

/** So many parts of a run are kept for a follower that does not read: more are lost. */
const mostUnread = 64
/** And so long: he is gone. */
const keptFor = milliseconds(3_600_000)

export interface PrintedRow {
  readonly seq: number
  /** Undefined when what is there is none. */
  readonly part: PrintedPart | undefined
}

/** Reading and, within a transaction, writing what is printed. */
export class PrintedTable {
  readonly #follow: StatementSync
  readonly #put: StatementSync
  readonly #after: StatementSync
  readonly #remove: StatementSync
  readonly #forget: StatementSync

  constructor(database: Database) {
    this.#follow = database.prepare('UPDATE messages SET followed = 1 WHERE id = ?')
    this.#put = database.prepare(`
      INSERT INTO printed (id, body, forget_at)
      SELECT ?1, ?2, ?3 WHERE (SELECT count(*) FROM printed WHERE id = ?1) < ${mostUnread}`)
    this.#after = database.prepare('SELECT seq, body FROM printed WHERE id = ? AND seq > ? ORDER BY seq')
    this.#remove = database.prepare('DELETE FROM printed WHERE id = ? AND seq <= ?')
    this.#forget = database.prepare('DELETE FROM printed WHERE forget_at < ?')
  }

  /** The message of this id is followed, now and in its later attempts. */
  follow(id: string): void {
    this.#follow.run(id)
  }

  put(id: string, part: PrintedPart, now: Instant): void {
    this.#put.run(id, JSON.stringify(part), plus(now, keptFor))
  }

  after(id: string, seq: number): readonly PrintedRow[] {
    const rows = this.#after.all(id, seq) as { seq: number; body: string }[]
    return rows.map(({ seq, body }) => ({ seq, part: parsePart(body) }))
  }

  remove(id: string, through: number): void {
    this.#remove.run(id, through)
  }

  /** Removes what nobody has read in time. */
  forget(now: Instant): void {
    this.#forget.run(now)
  }
}

/** Anybody in the service's group can write it. */
function parsePart(body: string): PrintedPart | undefined {
  try {
    return parsePrintedPart(JSON.parse(body))
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
