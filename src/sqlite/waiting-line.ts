import type { StatementSync } from 'node:sqlite'
import type { Database } from './database.ts'

/** A row that would be put behind the run of its entry. */
export interface LineRow {
  readonly seq: number
  readonly entry: string
}

/**
 * Those that wait for the run of their entry, by due: a line of its own for each entry, with room for as many as the
 * newcomer's limit says. Where it is full, the latest by due gives way, for a retry is due before what came since.
 */
export class WaitingLine {
  readonly #limit: StatementSync
  readonly #behind: StatementSync
  readonly #displace: StatementSync
  readonly #full: StatementSync

  constructor(database: Database) {
    this.#limit = database.prepare(
      `SELECT min(max(coalesce(wait_limit, 0), 0), 1000000) AS "limit" FROM messages WHERE seq = ?`,
    )
    this.#full = database.prepare(`
      SELECT count(*) AS count FROM
      (SELECT 1 FROM messages INDEXED BY messages_behind WHERE state = 3 AND entry = ? LIMIT ?)`)
    this.#behind = database.prepare('UPDATE messages SET state = 3 WHERE seq = ?')
    this.#displace = database.prepare(`
      UPDATE messages SET state = 0 WHERE seq =
      (SELECT seq FROM messages INDEXED BY messages_behind WHERE state = 3 AND entry = ?1
       ORDER BY due DESC, seq DESC LIMIT 1)
      AND due > (SELECT due FROM messages WHERE seq = ?2)`)
  }

  /** Within a transaction. Undefined when it waits now; otherwise why it may not. */
  join({ seq, entry }: LineRow): string | undefined {
    const limit = Number(this.#limit.get(seq)?.limit)
    const count = limit === 0 ? 0 : Number(this.#full.get(entry, limit)?.count)
    // Who gives way is among those that come next again, and is then told.
    if (count >= limit && (limit === 0 || this.#displace.run(entry, seq).changes === 0))
      return `${limit} runs of ${entry} already wait`
    this.#behind.run(seq)
    return undefined
  }
}
