import type { StatementSync } from 'node:sqlite'
import type { WorkerStatus } from '../broker/broker-status.ts'
import type { Database } from './database.ts'

/** Who consumes, as the others see it, and what goes when it does; to be called within a transaction. */
export class WorkerTable {
  readonly #announce: StatementSync
  readonly #free: StatementSync
  readonly #forget: StatementSync
  readonly #drop: StatementSync

  constructor(database: Database) {
    this.#announce = database.prepare(`
      INSERT INTO workers (instance, host, pid, since, queues, slots) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT (instance) DO UPDATE SET queues = excluded.queues, slots = excluded.slots`)
    this.#free = database.prepare(
      'UPDATE messages SET begun = begun OR state = 1, state = 0, holder = NULL WHERE holder = ?',
    )
    this.#drop = database.prepare('DELETE FROM messages WHERE holder = ? AND acknowledged = 1')
    this.#forget = database.prepare('DELETE FROM workers WHERE instance = ?')
  }

  /** One that was announced before keeps its beginning. */
  announce({ instance, host, pid, since, queues, slots }: Omit<WorkerStatus, 'awaits' | 'running'>): void {
    this.#announce.run(instance, host, pid, since, JSON.stringify(queues), slots)
  }

  /** Frees what it held, but for what must not run again, and says how many that were. */
  forget(instance: string): number {
    this.#forget.run(instance)
    this.#drop.run(instance)
    return Number(this.#free.run(instance).changes)
  }
}
