import type { StatementSync } from 'node:sqlite'
import { type DeadLetter, type DeadLetters, deadLetterLimit } from '../broker/dead-letters.ts'
import type { Clock } from '../core/clock.ts'
import { TaskbeatError } from '../core/errors.ts'
import { instant } from '../core/instant.ts'
import type { MessageOccurrence, TaskMessage } from '../task/task-message.ts'
import type { Database } from './database.ts'
import { decodeMessage } from './message-body.ts'
import { type MessageTable, toRowAgain } from './message-table.ts'

interface Row {
  readonly seq: number
  readonly id: string
  readonly queue: string
  readonly at: number
  readonly reason: string
  readonly body: string
}

/** Messages that were set aside, in a table beside the queue. */
export class DeadLetterTable implements DeadLetters {
  readonly #database: Database
  readonly #messages: MessageTable
  readonly #clock: Clock
  readonly #wake: () => void
  readonly #insert: StatementSync
  readonly #newest: StatementSync
  readonly #byPrefix: StatementSync
  readonly #delete: StatementSync
  readonly #trim: StatementSync

  constructor(database: Database, messages: MessageTable, clock: Clock, wake: () => void) {
    this.#database = database
    this.#messages = messages
    this.#clock = clock
    this.#wake = wake
    this.#insert = database.prepare(
      'INSERT OR REPLACE INTO dead_letters (id, queue, at, reason, body) VALUES (?, ?, ?, ?, ?)',
    )
    this.#newest = database.prepare('SELECT * FROM dead_letters ORDER BY seq DESC LIMIT ?')
    this.#byPrefix = database.prepare('SELECT * FROM dead_letters WHERE substr(id, 1, ?) = ? LIMIT 2')
    this.#delete = database.prepare('DELETE FROM dead_letters WHERE id = ?')
    this.#trim = database.prepare(`
      DELETE FROM dead_letters WHERE at < ?
      OR seq <= (SELECT seq FROM dead_letters ORDER BY seq DESC LIMIT 1 OFFSET ?)`)
  }

  /** Within a transaction: sets a message aside. */
  add(id: string, queue: string, reason: string, body: string): void {
    this.#insert.run(id, queue, this.#clock.now(), reason, body)
  }

  /** Within a transaction: removes what is too much or too old, and says how many that were. */
  trim(): number {
    return Number(this.#trim.run(this.#clock.now() - deadLetterLimit.ageMs, deadLetterLimit.count).changes)
  }

  async list(limit: number): Promise<readonly DeadLetter[]> {
    return this.#database.read('list dead letters', () =>
      (this.#newest.all(limit) as unknown as Row[]).map(toDeadLetter),
    )
  }

  async find(idPrefix: string): Promise<DeadLetter> {
    return toDeadLetter(this.#database.read('read a dead letter', () => this.#one(idPrefix)))
  }

  async retry(id: string): Promise<void> {
    await this.#database.write('retry a dead letter', () => {
      const letter = this.#one(id)
      const { message } = toDeadLetter(letter)
      if (!message) {
        throw new TaskbeatError(
          'UNSUPPORTED',
          `cannot retry ${letter.id}: it cannot be decoded (${letter.reason})`,
        )
      }
      this.#messages.insert(toRowAgain(nextAttempt({ ...message, id: letter.id }, this.#clock)))
      this.#delete.run(letter.id)
    })
    this.#wake()
  }

  async drop(id: string): Promise<void> {
    await this.#database.write('drop a dead letter', () => this.#delete.run(this.#one(id).id))
  }

  #one(idPrefix: string): Row {
    const rows = this.#byPrefix.all(idPrefix.length, idPrefix) as unknown as Row[]
    const [row] = rows
    if (!row) throw new TaskbeatError('NOT_FOUND', `no dead letter begins with ${idPrefix}`)
    if (rows.length > 1)
      throw new TaskbeatError('NOT_FOUND', `more than one dead letter begins with ${idPrefix}`)
    return row
  }
}

/** As large as a limit may be: it admits what was asked for, however many wait. */
const anyNumber = 1_000_000

/**
 * Due now, for whoever asked for it wants it run: without what made it too late. It waits for a run of its entry that
 * executes, where it would have been skipped because of it.
 */
function nextAttempt(message: TaskMessage, clock: Clock): TaskMessage {
  const { expires: _expires, occurrence, ...rest } = message
  return {
    ...rest,
    attempt: message.attempt + 1,
    eta: clock.now(),
    ...(occurrence && { occurrence: unbound(occurrence) }),
  }
}

function unbound({ startBy: _startBy, ...occurrence }: MessageOccurrence): MessageOccurrence {
  if (occurrence.overlap === 'allow') return occurrence
  return { ...occurrence, overlap: 'queue', waitLimit: anyNumber }
}

function toDeadLetter(row: Row): DeadLetter {
  const decoded = decodeMessage(row.body)
  const base = { id: row.id, queue: row.queue, at: instant(row.at), reason: row.reason }
  return 'problem' in decoded ? { ...base, message: undefined, raw: row.body } : { ...base, message: decoded }
}
