import type { StatementSync } from 'node:sqlite'
import type { Instant } from '../core/instant.ts'
import type { Pruned } from '../journal/journal.ts'
import type { Database } from './database.ts'

const day = 86_400_000
/** How many rows of each task are kept, for how long, and in how large a file. */
const keep = { perTask: 1_000, perEntry: 3, untold: 10_000, ageMs: 30 * day, bytes: 2 ** 30 } as const
/** Rows looked at in one transaction, and changed in one: an output may be 128 KiB, a transaction takes a few ms. */
const slice = { looked: 500, cleared: 20, removed: 100, forgotten: 500 } as const

/**
 * Keeps the journal to what it needs. A row goes in two steps:
 *
 *              beyond the last 1,000 of its task,          a copy of it can no longer arrive,
 *              older than 30 days, or too much for 1 GiB   and its result's time has come
 *     whole ─────────────────────────────────────▶ bare ──────────────────────────────────▶ removed
 *
 * Bare, it has lost its output, which is what takes the room and is counted as omitted, and still answers for its
 * attempt. The last three runs of each entry always stay, so that a yearly report can be looked up; when it is for the
 * file's size, without output.
 *
 * What is still to be told stays whole until it has been, or until that is given up: after 30 days, or when there are
 * 10,000 newer ones. Only for the file's size, when no other row has output left, it loses its own: the word is then
 * sent without.
 *
 * A result keeps its row until its time has come. It is removed before, the first first, only when a file without any
 * output would still be too large.
 *
 * Ages are by the wall clock, which may have been wrong. One that is ahead for a moment removes nothing (steady-now.ts).
 * What was written while it was ahead stays for that much longer: the rows cannot tell it from a clock that is behind
 * now, which must not remove everything.
 *
 * All is done in slices by seq, each a short transaction, with a pause between them: others want to write too.
 */
export class JournalPruner {
  readonly #database: Database
  readonly #bytes: number
  readonly #forget: StatementSync
  readonly #lastUntold: StatementSync
  readonly #giveUp: StatementSync
  readonly #nextTask: StatementSync
  readonly #cutoff: StatementSync
  readonly #last: StatementSync
  readonly #clear: StatementSync
  readonly #remove: StatementSync
  readonly #clearOldest: StatementSync
  readonly #clearUntold: StatementSync
  readonly #forgetFirst: StatementSync
  readonly #removeOldest: StatementSync
  readonly #removeMissed: StatementSync

  constructor(database: Database, { bytes = keep.bytes }: { readonly bytes?: number } = {}) {
    this.#database = database
    this.#bytes = bytes
    const spare = `(entry IS NULL OR seq < (
        SELECT seq FROM attempts AS newer WHERE newer.entry = attempts.entry
        ORDER BY seq DESC LIMIT 1 OFFSET ${keep.perEntry - 1}))`
    const ofSlice = 'task = :task AND seq > :after AND seq <= :through AND state <> 0'
    const beyond = `(seq <= :cutoff OR finished < :oldest) AND untold = 0 AND ${spare}`
    const bare = 'head = NULL, tail = NULL, omitted = omitted + octet_length(head) + octet_length(tail)'
    this.#forget = database.prepare(`
      UPDATE attempts SET result = NULL, result_until = NULL WHERE seq IN
      (SELECT seq FROM attempts WHERE result IS NOT NULL AND result_until < ? LIMIT ${slice.forgotten})`)
    this.#forgetFirst = database.prepare(`
      UPDATE attempts SET result = NULL, result_until = NULL WHERE seq IN
      (SELECT seq FROM attempts WHERE result IS NOT NULL ORDER BY result_until LIMIT ${slice.cleared})`)
    const untold = 'untold = 1 AND state <> 0'
    this.#lastUntold = database.prepare(
      `SELECT seq FROM attempts WHERE ${untold} ORDER BY seq DESC LIMIT 1 OFFSET ${keep.untold}`,
    )
    this.#giveUp = database.prepare(`
      UPDATE attempts SET untold = 0 WHERE seq IN (SELECT seq FROM attempts
      WHERE ${untold} AND (seq <= :cutoff OR finished < :oldest) LIMIT ${slice.forgotten})`)
    this.#nextTask = database.prepare('SELECT min(task) AS task FROM attempts WHERE task > ?')
    this.#cutoff = database.prepare(
      'SELECT seq FROM attempts WHERE task = ? ORDER BY seq DESC LIMIT 1 OFFSET ?',
    )
    this.#last = database.prepare(`
      SELECT max(seq) AS seq FROM
      (SELECT seq FROM attempts WHERE task = ? AND seq > ? ORDER BY seq LIMIT ${slice.looked})`)
    this.#clear = database.prepare(`
      UPDATE attempts SET ${bare} WHERE seq IN (SELECT seq FROM attempts
      WHERE ${ofSlice} AND head IS NOT NULL AND ${beyond} LIMIT ${slice.cleared})`)
    this.#remove = database.prepare(`
      DELETE FROM attempts WHERE seq IN (SELECT seq FROM attempts
      WHERE ${ofSlice} AND head IS NULL AND result IS NULL AND forget_at < :now AND ${beyond}
      LIMIT ${slice.removed})`)
    const clearOldest = (untold: 0 | 1): StatementSync =>
      database.prepare(`
        UPDATE attempts SET ${bare} WHERE seq IN (SELECT seq FROM attempts
        WHERE head IS NOT NULL AND state <> 0 AND untold = ${untold} ORDER BY seq LIMIT ${slice.cleared})`)
    this.#clearOldest = clearOldest(0)
    this.#clearUntold = clearOldest(1)
    this.#removeOldest = database.prepare(`
      DELETE FROM attempts WHERE seq IN (SELECT seq FROM attempts
      WHERE state <> 0 AND untold = 0 AND forget_at < ? AND ${spare} ORDER BY seq LIMIT ${slice.removed})`)
    this.#removeMissed = database.prepare('DELETE FROM missed WHERE recorded < ?')
  }

  /** Ends early, between two slices, once the signal is aborted. */
  async prune(now: Instant, signal: AbortSignal): Promise<Pruned> {
    await this.#whileFull(slice.forgotten, signal, () => this.#forget.run(now).changes)
    let task = ''
    while (!signal.aborted) {
      const next = this.#database.read('prune', () => this.#nextTask.get(task)?.task)
      if (typeof next !== 'string') break
      task = next
      await this.#pruneTask(task, now, signal)
    }
    await this.#whileFull(slice.cleared, signal, () => this.#isLarge() && this.#clearOldest.run().changes)
    await this.#whileFull(slice.cleared, signal, () => this.#isLarge() && this.#clearUntold.run().changes)
    await this.#whileFull(slice.cleared, signal, () => this.#isLarge() && this.#forgetFirst.run().changes)
    await this.#whileFull(slice.removed, signal, () => this.#isLarge() && this.#removeOldest.run(now).changes)
    if (!signal.aborted) {
      await this.#database.write('prune', () => this.#removeMissed.run(now - keep.ageMs))
    }
    // Last, so that what goes wrong elsewhere does not keep its count from whoever asked.
    return { givenUp: await this.#giveUpTelling(now, signal) }
  }

  async #giveUpTelling(now: Instant, signal: AbortSignal): Promise<number> {
    const cutoff = Number(this.#database.read('prune', () => this.#lastUntold.get()?.seq ?? -1))
    const stale = { cutoff, oldest: now - keep.ageMs }
    return this.#whileFull(slice.forgotten, signal, () => this.#giveUp.run(stale).changes)
  }

  async #pruneTask(task: string, now: Instant, signal: AbortSignal): Promise<void> {
    const cutoff = Number(this.#database.read('prune', () => this.#cutoff.get(task, keep.perTask)?.seq ?? -1))
    const oldest = now - keep.ageMs
    for (let after = -1; !signal.aborted; ) {
      const through = this.#database.read('prune', () => this.#last.get(task, after)?.seq)
      if (typeof through !== 'number') break
      const part = { task, after, through, cutoff, oldest }
      await this.#whileFull(slice.cleared, signal, () => this.#clear.run(part).changes)
      await this.#whileFull(slice.removed, signal, () => this.#remove.run({ ...part, now }).changes)
      after = through
    }
  }

  #isLarge(): boolean {
    return this.#database.usedBytes() > this.#bytes
  }

  /** Resolves with how many it changed in all. */
  async #whileFull(full: number, signal: AbortSignal, act: () => number | bigint | false): Promise<number> {
    let all = 0
    while (!signal.aborted) {
      const changes = Number(await this.#database.write('prune', act))
      all += changes
      await new Promise((resolve) => setImmediate(resolve))
      if (changes !== full) break
    }
    return all
  }
}
