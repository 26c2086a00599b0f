import type { StatementSync } from 'node:sqlite'
import type { Instant } from '../core/instant.ts'
import type { TaskMessage } from '../task/task-message.ts'
import type { Database } from './database.ts'
import { encodeAgain, encodeMessage } from './message-body.ts'

/** What a message says of itself, beside its id. */
const columns = [
  'queue',
  'priority',
  'eta',
  'attempt',
  'entry',
  'due',
  'overlap',
  'wait_limit',
  'body',
] as const

/** Writing messages into their table; to be called within a transaction. */
export class MessageTable {
  readonly #insert: StatementSync
  readonly #replace: StatementSync
  readonly #revoke: StatementSync
  readonly #reschedule: StatementSync
  readonly #interrupt: StatementSync
  readonly #remove: StatementSync
  readonly #acknowledge: StatementSync

  constructor(database: Database) {
    this.#insert = database.prepare(`
      INSERT INTO messages (id, ${columns.join(', ')})
      VALUES (?${', ?'.repeat(columns.length)}) ON CONFLICT (id) DO NOTHING`)
    this.#replace = database.prepare(`
      UPDATE messages SET ${columns.map((column) => `${column} = ?`).join(', ')}, state = 0
      WHERE id = ? AND state IN (0, 3) AND attempt = 1 AND begun = 0`)
    this.#revoke = database.prepare('DELETE FROM messages WHERE id = ? AND state IN (0, 3)')
    this.#reschedule = database.prepare(
      'UPDATE messages SET state = 0, holder = NULL, attempt = ?, eta = ? WHERE seq = ? AND holder = ?',
    )
    this.#interrupt = database.prepare(
      'UPDATE messages SET begun = begun OR state = 1, state = 0, holder = NULL WHERE seq = ? AND holder = ?',
    )
    this.#remove = database.prepare('DELETE FROM messages WHERE seq = ? AND holder = ?')
    this.#acknowledge = database.prepare('UPDATE messages SET acknowledged = 1 WHERE seq = ? AND holder = ?')
  }

  /** A message that is there already stays as it is. */
  insert(row: MessageRow): void {
    this.#insert.run(row.id, ...valuesOf(row))
  }

  /** A copy that has not started takes the new form; one that has, keeps the old. */
  replace(row: MessageRow): void {
    this.#replace.run(...valuesOf(row), row.id)
  }

  /** Removes a copy that was not handed out. */
  revoke(id: string): void {
    this.#revoke.run(id)
  }

  /** Puts a message that `holder` has back among those that wait. */
  reschedule(held: HeldRow, attempt: number, eta: Instant): void {
    this.#reschedule.run(attempt, eta, held.seq, held.holder)
  }

  /** Puts a message back at once; if it was handed out to execute, its attempt has begun. */
  interrupt(held: HeldRow): void {
    this.#interrupt.run(held.seq, held.holder)
  }

  /** It goes when `holder` goes, and is given back to nobody. */
  acknowledge(held: HeldRow): void {
    this.#acknowledge.run(held.seq, held.holder)
  }

  /** Removes a message that `holder` has. */
  remove(held: HeldRow): void {
    this.#remove.run(held.seq, held.holder)
  }
}

/** A row that was handed out, and to which instance. */
export interface HeldRow {
  readonly seq: number
  readonly holder: string
}

/** A message, encoded before the transaction begins. */
export type MessageRow = Readonly<Record<'id' | (typeof columns)[number], string | number | null>>

export function toRow(message: TaskMessage): MessageRow {
  return rowOf(message, encodeMessage(message))
}

/** The row of a message that was accepted before. */
export function toRowAgain(message: TaskMessage): MessageRow {
  return rowOf(message, encodeAgain(message))
}

function rowOf(message: TaskMessage, body: string): MessageRow {
  const { id, queue, priority, eta, attempt, occurrence } = message
  return {
    id,
    queue,
    priority,
    eta,
    attempt,
    entry: occurrence?.entry ?? null,
    due: occurrence?.due ?? null,
    overlap: occurrence?.overlap ?? null,
    wait_limit: occurrence?.waitLimit ?? null,
    body,
  }
}

function valuesOf(row: MessageRow): (string | number | null)[] {
  return columns.map((column) => row[column])
}
