import type { StatementSync } from 'node:sqlite'
import { TaskbeatError } from '../core/errors.ts'
import { type Instant, instant } from '../core/instant.ts'
import type { Untold } from '../journal/journal.ts'
import type { AttemptRecord, MissedRecord, RunQuery, RunSummary } from '../journal/run.ts'
import type { RunState } from '../task/run-result.ts'
import { defaultPriority, type TaskMessage } from '../task/task-message.ts'
import type { Database } from './database.ts'
import { parseEarlierStarts } from './earlier-starts.ts'
import { parseResult } from './recorded-result.ts'
import { parseVerdict } from './recorded-verdict.ts'

interface Row {
  readonly seq: number
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
  readonly earlier: string | null
  readonly instance: string
  readonly host: string
  readonly pid: number
  readonly head: string | null
  readonly tail: string | null
  readonly omitted: number | null
  readonly result: string | null
  readonly result_until: number | null
}

/** Where something is still to be told: by which worker, of which task, of runs that have ended or have not. */
type Place = Pick<Row, 'instance' | 'state' | 'task'>

const [earliest, latest] = [instant(Number.MIN_SAFE_INTEGER), instant(Number.MAX_SAFE_INTEGER)]

/** What people ask of the journal. */
export class JournalReader {
  readonly #database: Database
  readonly #lives: (instance: string) => boolean
  readonly #recent: Readonly<Record<'all' | 'entry' | 'task' | 'both', StatementSync>>
  readonly #ofId: StatementSync
  readonly #idsLike: StatementSync
  readonly #missed: StatementSync
  readonly #nextTask: StatementSync
  readonly #nextState: StatementSync
  readonly #nextInstance: StatementSync
  readonly #untold: StatementSync

  constructor(database: Database, lives: (instance: string) => boolean) {
    this.#database = database
    this.#lives = lives
    const recent = (where: string): StatementSync =>
      database.prepare(`
        SELECT id FROM attempts WHERE ${where} AND COALESCE(started, finished, due, 0) BETWEEN :since AND :until
        ORDER BY seq DESC`)
    this.#recent = {
      all: recent('TRUE'),
      entry: recent('entry = :entry'),
      task: recent('task = :task'),
      both: recent('entry = :entry AND task = :task'),
    }
    this.#ofId = database.prepare('SELECT * FROM attempts WHERE id = ? ORDER BY attempt')
    this.#idsLike = database.prepare('SELECT DISTINCT id FROM attempts WHERE id >= ? AND id < ? LIMIT 2')
    const nextPlace = (after: string): StatementSync =>
      database.prepare(`
        SELECT instance, state, task FROM attempts WHERE untold = 1 AND ${after}
        ORDER BY instance, state, task LIMIT 1`)
    this.#nextTask = nextPlace('instance = ? AND state = ? AND task > ?')
    this.#nextState = nextPlace('instance = ? AND state > ?')
    this.#nextInstance = nextPlace('instance > ?')
    this.#untold = database.prepare(`
      SELECT * FROM attempts WHERE untold = 1 AND instance = ? AND state = ? AND task = ? AND seq > ?
      ORDER BY seq LIMIT 1`)
    this.#missed = database.prepare(`
      SELECT * FROM missed WHERE (:entry IS NULL OR entry = :entry) AND (:task IS NULL OR task = :task)
        AND last >= :since AND first <= :until
      ORDER BY last DESC LIMIT :limit`)
  }

  runs({ entry, task, since = earliest, until = latest, limit }: RunQuery): RunSummary[] {
    const which =
      entry === undefined ? (task === undefined ? 'all' : 'task') : task === undefined ? 'entry' : 'both'
    const named = {
      since,
      until,
      ...(entry === undefined ? {} : { entry }),
      ...(task === undefined ? {} : { task }),
    }
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

  /**
   * Those of living workers are theirs to tell. Steps from place to place by the index, and so past what is passed
   * over: there may be many thousands of it.
   */
  *untold(isHeldUp: (task: string) => boolean): Generator<Untold> {
    let place = this.#placeOfNext('')
    while (place) {
      const { instance } = place
      if (this.#lives(instance)) place = this.#placeOfNext(instance)
      else {
        yield* this.#untoldAt(place, isHeldUp)
        place = this.#placeAfter(place)
      }
    }
  }

  *#untoldAt(place: Place, isHeldUp: (task: string) => boolean): Generator<Untold> {
    const isOver = () => place.state !== 0 && isHeldUp(place.task)
    for (let row = this.#untoldAfter(place); row && !isOver(); row = this.#untoldAfter(place, row.seq))
      yield { message: messageOf(row), record: this.#toAttempt(row) }
  }

  /** Of the same worker as long as there is one. One statement for all would read every row of the place. */
  #placeAfter({ instance, state, task }: Place): Place | undefined {
    const place = this.#database.read(
      'read runs',
      () => this.#nextTask.get(instance, state, task) ?? this.#nextState.get(instance, state),
    )
    return (place as Place | undefined) ?? this.#placeOfNext(instance)
  }

  #placeOfNext(instance: string): Place | undefined {
    const place = this.#database.read('read runs', () => this.#nextInstance.get(instance))
    return place as Place | undefined
  }

  #untoldAfter({ instance, state, task }: Place, seq = Number.MIN_SAFE_INTEGER): Row | undefined {
    const row = this.#database.read('read runs', () => this.#untold.get(instance, state, task, seq))
    return row as Row | undefined
  }

  missed({ entry, task, since = earliest, until = latest, limit }: RunQuery): MissedRecord[] {
    const rows = this.#missed.all({ entry: entry ?? null, task: task ?? null, since, until, limit })
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
      started: first.attempt.earlier[0]?.started ?? first.attempt.started,
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
      earlier: parseEarlierStarts(row.earlier),
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
