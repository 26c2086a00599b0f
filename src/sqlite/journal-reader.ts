import type { StatementSync } from 'node:sqlite'
import { TaskbeatError } from '../core/errors.ts'
import { type Instant, instant } from '../core/instant.ts'
import type { Untold } from '../journal/journal.ts'
import type { AttemptRecord, MissedRecord, RunQuery, RunSummary } from '../journal/run.ts'
import type { RunState } from '../task/run-result.ts'
import { defaultPriority, type TaskMessage } from '../task/task-message.ts'
import type { Database } from './database.ts'
import { parseResult } from './recorded-result.ts'
import { parseVerdict } from './recorded-verdict.ts'

interface Row {
  readonly id: string
  readonly attempt: number
  readonly state: number
  readonly entry: string | null
  readonly task: string
  readonly queue: string
  readonly due: number | null
  readonly started: number | null
  readonly finished: number | null
  readonly outcome: AttemptRecord['outcome'] | null
  readonly reason: string | null
  readonly exit_code: number | null
  readonly verdict: string | null
  readonly interruptions: number
  readonly instance: string
  readonly host: string
  readonly pid: number
  readonly head: string | null
  readonly tail: string | null
  readonly omitted: number | null
  readonly result: string | null
  readonly result_until: number | null
}

/** What people ask of the journal. */
export class JournalReader {
  readonly #lives: (instance: string) => boolean
  readonly #recent: Readonly<Record<'all' | 'entry' | 'task' | 'both', StatementSync>>
  readonly #ofId: StatementSync
  readonly #idsLike: StatementSync
  readonly #missed: StatementSync
  readonly #holders: StatementSync
  readonly #untold: StatementSync

  constructor(database: Database, lives: (instance: string) => boolean) {
    this.#lives = lives
    const recent = (where: string): StatementSync =>
      database.prepare(`SELECT id FROM attempts ${where} ORDER BY seq DESC`)
    this.#recent = {
      all: recent(''),
      entry: recent('WHERE entry = :entry'),
      task: recent('WHERE task = :task'),
      both: recent('WHERE entry = :entry AND task = :task'),
    }
    this.#ofId = database.prepare('SELECT * FROM attempts WHERE id = ? ORDER BY attempt')
    this.#idsLike = database.prepare('SELECT DISTINCT id FROM attempts WHERE id >= ? AND id < ? LIMIT 2')
    this.#holders = database.prepare('SELECT DISTINCT instance FROM attempts WHERE untold = 1')
    this.#untold = database.prepare(`
      SELECT * FROM attempts WHERE untold = 1 AND instance IN (SELECT value FROM json_each(?))
      ORDER BY state <> 0, seq LIMIT 100`)
    this.#missed = database.prepare(`
      SELECT * FROM missed WHERE (:entry IS NULL OR entry = :entry) AND (:task IS NULL OR task = :task)
      ORDER BY last DESC LIMIT :limit`)
  }

  runs({ entry, task, limit }: RunQuery): RunSummary[] {
    const which =
      entry === undefined ? (task === undefined ? 'all' : 'task') : task === undefined ? 'entry' : 'both'
    const named = { ...(entry === undefined ? {} : { entry }), ...(task === undefined ? {} : { task }) }
    const ids = new Set<string>()
    for (const { id } of this.#recent[which].iterate(named) as Iterable<{ id: string }>) {
      ids.add(id)
      if (ids.size >= limit) break
    }
    return [...ids].map((id) => this.#summary(id))
  }

  /** Ids are their senders' to choose, so that one may be the beginning of another. */
  attempts(idPrefix: string): AttemptRecord[] {
    const exact = this.#rows(idPrefix)
    if (exact.length > 0) return exact.map((row) => this.#toAttempt(row))
    const ids = this.#idsLike.all(idPrefix, `${idPrefix}\uffff`) as { id: string }[]
    const [first] = ids
    if (!first) throw new TaskbeatError('NOT_FOUND', `no run begins with ${idPrefix}`)
    if (ids.length > 1) throw new TaskbeatError('NOT_FOUND', `more than one run begins with ${idPrefix}`)
    return this.#rows(first.id).map((row) => this.#toAttempt(row))
  }

  states(ids: readonly string[]): ReadonlyMap<string, RunState> {
    return new Map(
      ids.flatMap((id) => {
        const state = this.#state(id)
        return state ? [[id, state] as const] : []
      }),
    )
  }

  #state(id: string): RunState | undefined {
    const last = this.#rows(id).at(-1)
    if (!last) return undefined
    if (last.state === 0) return { state: this.#lives(last.instance) ? 'running' : 'waiting' }
    if (comesAgain(last)) return { state: 'waiting' }
    const kept = parseResult(last.result, last.result_until)
    return kept ? { state: 'ended', result: kept.result } : { state: 'unknown' }
  }

  /** Those of living workers are theirs to tell. */
  untold(): Untold[] {
    const holders = (this.#holders.all() as { instance: string }[]).map(({ instance }) => instance)
    const dead = holders.filter((instance) => !this.#lives(instance))
    if (dead.length === 0) return []
    return (this.#untold.all(JSON.stringify(dead)) as unknown as Row[]).map((row) => ({
      message: messageOf(row),
      record: this.#toAttempt(row),
    }))
  }

  missed({ entry, task, limit }: RunQuery): MissedRecord[] {
    const rows = this.#missed.all({ entry: entry ?? null, task: task ?? null, limit })
    return rows.map((row) => ({
      entry: String(row.entry),
      task: String(row.task),
      first: instant(Number(row.first)),
      last: instant(Number(row.last)),
      count: Number(row.count),
      exact: row.exact === 1,
      reason: String(row.reason),
      recorded: instant(Number(row.recorded)),
    }))
  }

  #rows(id: string): Row[] {
    return this.#ofId.all(id) as unknown as Row[]
  }

  #summary(id: string): RunSummary {
    const attempts = this.#rows(id).map((row) => ({ row, attempt: this.#toAttempt(row) }))
    const first = attempts[0]
    const last = attempts.at(-1)
    if (!first || !last) throw new TaskbeatError('NOT_FOUND', `the run ${id} was removed while it was read`)
    const { entry, task, queue, due, host, reason } = last.attempt
    const waits = comesAgain(last.row)
    return {
      id,
      entry,
      task,
      queue,
      due,
      host,
      reason,
      started: first.attempt.started,
      finished: waits ? undefined : last.attempt.finished,
      outcome: waits ? 'waiting' : last.attempt.outcome,
      attempts: attempts.filter(({ attempt }) => attempt.started !== undefined).length,
    }
  }

  #unfinished({ instance }: Row): 'running' | 'abandoned' {
    return this.#lives(instance) ? 'running' : 'abandoned'
  }

  #toAttempt(row: Row): AttemptRecord {
    return {
      id: row.id,
      attempt: row.attempt,
      entry: row.entry ?? undefined,
      task: row.task,
      queue: row.queue,
      due: toInstant(row.due),
      started: toInstant(row.started),
      finished: toInstant(row.finished),
      outcome: row.state === 0 || row.outcome === null ? this.#unfinished(row) : row.outcome,
      reason: row.reason ?? undefined,
      exitCode: row.exit_code ?? undefined,
      verdict: parseVerdict(row.verdict)?.kind,
      interruptions: row.interruptions,
      host: row.host,
      pid: row.pid,
      output:
        row.omitted === null
          ? undefined
          : { head: row.head ?? '', tail: row.tail ?? '', omittedBytes: row.omitted },
    }
  }
}

/** What is left of a message whose broker has forgotten it. */
function messageOf({ id, task, queue, started, attempt, entry, due }: Row): TaskMessage {
  const eta = instant(started ?? 0)
  const message = { id, task, args: [], kwargs: {}, queue, priority: defaultPriority, eta, attempt }
  if (entry === null || due === null) return message
  const stamp = { epoch: 0, seq: 0 }
  const occurrence = {
    entry,
    due: instant(due),
    stamp,
    overlap: 'allow',
    waitLimit: 0,
    replaceable: true,
  } as const
  return { ...message, occurrence }
}

function comesAgain(row: Row): boolean {
  const verdict = parseVerdict(row.verdict)
  return row.state !== 0 && (verdict?.kind === 'retry' || verdict?.kind === 'release')
}

function toInstant(value: number | null): Instant | undefined {
  return value === null ? undefined : instant(value)
}
