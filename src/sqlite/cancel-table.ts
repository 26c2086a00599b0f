import type { StatementSync } from 'node:sqlite'
import type { Instant } from '../core/instant.ts'
import type { CancelAnswer } from '../task/run.ts'
import type { Database } from './database.ts'

/** A message as its sender may ask about it: waiting or running, and a wish that it end. */
export class CancelTable {
  readonly #find: StatementSync
  readonly #drop: StatementSync
  readonly #abort: StatementSync
  readonly #toAbort: StatementSync

  constructor(database: Database) {
    this.#find = database.prepare('SELECT state FROM messages WHERE id = ? AND (cancelled = 0 OR state = 1)')
    // Due at once, so that a worker records that it never starts.
    this.#drop = database.prepare(
      'UPDATE messages SET cancelled = 1, state = 0, eta = min(eta, ?) WHERE id = ? AND state IN (0, 3)',
    )
    this.#abort = database.prepare('UPDATE messages SET cancelled = 1 WHERE id = ? AND state = 1')
    this.#toAbort = database.prepare(
      'SELECT id FROM messages INDEXED BY messages_cancelled WHERE cancelled = 1 AND state = 1 AND holder = ?',
    )
  }

  /** Undefined also for what was dropped and waits for a worker to record it. */
  stateOf(id: string): 'waiting' | 'running' | undefined {
    const row = this.#find.get(id) as { state: number } | undefined
    if (!row) return undefined
    return row.state === 1 ? 'running' : 'waiting'
  }

  /** Within a transaction. Undefined when the message is not there. */
  cancel(id: string, now: Instant, abort: boolean): Exclude<CancelAnswer, 'unknown'> | undefined {
    const state = this.stateOf(id)
    if (state === undefined) return undefined
    // What a worker was handed only to record why it does not start is at its end, and is dropped by nobody.
    if (state === 'waiting') return this.#drop.run(now, id).changes === 1 ? 'dropped' : 'ended'
    if (!abort) return 'running'
    this.#abort.run(id)
    return 'aborted'
  }

  /** What this holder executes and shall end. */
  toAbort(holder: string): readonly string[] {
    return (this.#toAbort.all(holder) as { id: string }[]).map(({ id }) => id)
  }
}
