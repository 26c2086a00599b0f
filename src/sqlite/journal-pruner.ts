import type { StatementSync } from 'node:sqlite'
import type { Instant } from '../core/instant.ts'
import type { Database } from './database.ts'

const day = 86_400_000
/** How many rows of each task are kept, for how long, and in how large a file. */
const keep = { perTask: 1_000, perEntry: 3, ageMs: 30 * day, bytes: 2 ** 30 } as const
/** Rows removed in one transaction. */
const mostPerDelete = 500

/**
 * Removes what the journal no longer needs: rows whose copies can no longer arrive and that are beyond the last 1,000
 * of their task, older than 30 days, or too much for 1 GiB. The last three runs of each entry always stay, so that a
 * yearly report can be looked up.
 */
export class JournalPruner {
  readonly #database: Database
  readonly #nextTask: StatementSync
  readonly #cutoff: StatementSync
  readonly #removeOfTask: StatementSync
  readonly #removeOldest: StatementSync
  readonly #removeMissed: StatementSync

  constructor(database: Database) {
    this.#database = database
    const kept = `
      state <> 0 AND forget_at < :now AND (entry IS NULL OR seq < (
        SELECT seq FROM attempts AS newer WHERE newer.entry = attempts.entry
        ORDER BY seq DESC LIMIT 1 OFFSET ${keep.perEntry - 1}))`
    this.#nextTask = database.prepare('SELECT min(task) AS task FROM attempts WHERE task > ?')
    this.#cutoff = database.prepare(
      'SELECT seq FROM attempts WHERE task = ? ORDER BY seq DESC LIMIT 1 OFFSET ?',
    )
    this.#removeOfTask = database.prepare(`
      DELETE FROM attempts WHERE seq IN (SELECT seq FROM attempts
      WHERE task = :task AND (seq <= :cutoff OR finished < :oldest) AND ${kept} LIMIT ${mostPerDelete})`)
    this.#removeOldest = database.prepare(`
      DELETE FROM attempts WHERE seq IN (SELECT seq FROM attempts WHERE ${kept} ORDER BY seq LIMIT ${mostPerDelete})`)
    this.#removeMissed = database.prepare('DELETE FROM missed WHERE recorded < ?')
  }

  async prune(now: Instant): Promise<void> {
    let task = ''
    for (;;) {
      const next = this.#database.read('prune', () => this.#nextTask.get(task)?.task)
      if (typeof next !== 'string') break
      task = next
      await this.#whileFull(() => this.#removeOf(task, now))
    }
    if (this.#database.usedBytes() > keep.bytes) {
      await this.#whileFull(() =>
        this.#database.usedBytes() > keep.bytes ? this.#removeOldest.run({ now }).changes : 0,
      )
    }
    await this.#database.write('prune', () => this.#removeMissed.run(now - keep.ageMs))
  }

  #removeOf(task: string, now: Instant): number | bigint {
    const cutoff = this.#cutoff.get(task, keep.perTask)?.seq ?? -1
    return this.#removeOfTask.run({ task, cutoff, now, oldest: now - keep.ageMs }).changes
  }

  async #whileFull(remove: () => number | bigint): Promise<void> {
    while ((await this.#database.write('prune', remove)) === mostPerDelete) {
      // Others want to write too.
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}
