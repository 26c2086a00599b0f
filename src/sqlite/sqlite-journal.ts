import { dirname, join } from 'node:path'
import type { StatementSync } from 'node:sqlite'
import type { Instant } from '../core/instant.ts'
import type { Claim, ClaimRequest, Ending, Journal, Pruned, Untold } from '../journal/journal.ts'
import type { AttemptRecord, MissedRecord, RunQuery, RunSummary } from '../journal/run.ts'
import { type Outcome, type Output, reasonOf } from '../task/outcome.ts'
import type { RunState } from '../task/run-result.ts'
import type { TaskMessage } from '../task/task-message.ts'
import { CommitQueue } from './commit-queue.ts'
import { Database } from './database.ts'
import { type LastStart, withLastStart } from './earlier-starts.ts'
import { type Instance, isAlive, openInstance } from './instance.ts'
import { JournalPruner } from './journal-pruner.ts'
import { JournalReader } from './journal-reader.ts'
import { journalBlueprint } from './journal-tables.ts'
import { parseResult } from './recorded-result.ts'
import { parseVerdict } from './recorded-verdict.ts'

export interface SqliteJournalOptions {
  readonly path: string
  /** Make what is missing. Whoever claims needs it. */
  readonly create: boolean
  readonly host: string
  readonly pid: number
}

/** Opens the journal's file. Throws STATE_UNUSABLE and STATE_CORRUPT with the reason. */
export function openSqliteJournal(options: SqliteJournalOptions): Journal {
  return new SqliteJournal(options)
}

/** What a claim looks at. */
interface Latest {
  readonly attempt: number
  readonly state: number
  readonly verdict: string | null
  readonly instance: string
  readonly interruptions: number
  readonly begun: number
  readonly result: string | null
  readonly result_until: number | null
}

const hour = 3_600_000

/**
 * The journal in a SQLite file (WAL, `synchronous=NORMAL`), shared by the workers of a host. Claims and records of
 * one round of the event loop are committed together. Who lives is the kernel's word, as for the broker's messages.
 */
class SqliteJournal implements Journal {
  readonly #options: SqliteJournalOptions
  readonly #database: Database
  readonly #commits: CommitQueue
  readonly #reader: JournalReader
  readonly #pruner: JournalPruner
  readonly #directory: string
  readonly #closing = new AbortController()
  #pruning: Promise<unknown> = Promise.resolve()
  #instance: Instance | undefined
  readonly #latest: StatementSync
  readonly #start: StatementSync
  readonly #restart: StatementSync
  readonly #lastStart: StatementSync
  readonly #end: StatementSync
  readonly #endUnclaimed: StatementSync
  readonly #told: StatementSync

  constructor(options: SqliteJournalOptions) {
    this.#options = options
    this.#database = new Database(options.path, journalBlueprint, {
      synchronous: 'NORMAL',
      create: options.create,
    })
    this.#directory = join(dirname(options.path), 'instances')
    this.#commits = new CommitQueue(this.#database, 'write')
    this.#reader = new JournalReader(this.#database, (instance) => this.#lives(instance))
    this.#pruner = new JournalPruner(this.#database)
    this.#latest = this.#database.prepare(`
      SELECT min(attempt, ${Number.MAX_SAFE_INTEGER}) AS attempt, state, verdict, instance,
      min(max(interruptions, 0), 1000) AS interruptions, started IS NOT NULL AS begun, result, result_until
      FROM attempts WHERE id = ? ORDER BY attempts.attempt DESC LIMIT 1`)
    this.#start = this.#database.prepare(`
      INSERT INTO attempts (id, attempt, state, entry, task, queue, due, started, instance, host, pid, untold)
      VALUES (?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
    this.#restart = this.#database.prepare(`
      UPDATE attempts SET state = 0, started = ?, finished = NULL, outcome = NULL, reason = NULL, verdict = NULL,
      result = NULL, result_until = NULL, interruptions = ?, earlier = ?, instance = ?, host = ?, pid = ?, untold = ?
      WHERE id = ? AND attempt = ?`)
    this.#lastStart = this.#database.prepare(
      'SELECT started, finished, reason, host, pid, earlier FROM attempts WHERE id = ? AND attempt = ?',
    )
    // What a dead worker had begun has a start, though it did not start again.
    this.#end = this.#database.prepare(`
      UPDATE attempts SET started = coalesce(?, CASE WHEN interruptions > 0 THEN started END), finished = ?, state = ?,
      outcome = ?, reason = ?, exit_code = ?, verdict = ?, head = ?, tail = ?, omitted = ?, forget_at = ?, untold = ?,
      result = ?, result_until = ?
      WHERE id = ? AND attempt = ?`)
    this.#endUnclaimed = this.#database.prepare(`
      INSERT INTO attempts (started, finished, state, outcome, reason, exit_code, verdict, head, tail, omitted,
        forget_at, untold, result, result_until, id, attempt, entry, task, queue, due, instance, host, pid)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
    this.#told = this.#database.prepare('UPDATE attempts SET untold = 0 WHERE id = ? AND attempt = ?')
  }

  claim(request: ClaimRequest): Promise<Claim> {
    const instance = this.#live()
    return this.#commits.submit(() => this.#claim(request, instance), { synced: request.once ?? false })
  }

  record(ending: Ending): Promise<void> {
    const instance = this.#live()
    return this.#commits.submit(() => this.#record(ending, instance))
  }

  runs(query: RunQuery): readonly RunSummary[] {
    return this.#database.read('read runs', () => this.#reader.runs(query))
  }

  attempts(idPrefix: string): readonly AttemptRecord[] {
    return this.#database.read('read a run', () => this.#reader.attempts(idPrefix))
  }

  states(ids: readonly string[]): ReadonlyMap<string, RunState> {
    return this.#database.read('read runs', () => this.#reader.states(ids))
  }

  untold(isHeldUp: (task: string) => boolean = () => false): Iterable<Untold> {
    return this.#reader.untold(isHeldUp)
  }

  told(id: string, attempt: number): Promise<void> {
    return this.#commits.submit(() => {
      this.#told.run(id, attempt)
    })
  }

  missed(query: RunQuery): readonly MissedRecord[] {
    return this.#database.read('read what was missed', () => this.#reader.missed(query))
  }

  prune(now: Instant, signal?: AbortSignal): Promise<Pruned> {
    const closing = this.#closing.signal
    const stop = signal ? AbortSignal.any([signal, closing]) : closing
    // One after another, and `close` waits for the last.
    const pruning = this.#pruning.catch(() => {}).then(() => this.#pruner.prune(now, stop))
    this.#pruning = pruning
    return pruning
  }

  async close(): Promise<void> {
    this.#closing.abort()
    // Whoever asked for it hears of its failure.
    await this.#pruning.catch(() => {})
    await this.#commits.drained()
    this.#database.close()
    this.#instance?.[Symbol.dispose]()
  }

  /**
   * Within a transaction; the drawing is in the port's essay.
   *
   * A row with a verdict that is none has ended, and is not run again. It is acknowledged: a retry may be lost by
   * that, which whoever wrote the row has brought about, and every other answer would stop this worker or repeat a run.
   */
  #claim({ message, now, takeOver, once = false }: ClaimRequest, { id: self }: Instance): Claim {
    const { id, attempt } = message
    const latest = this.#latest.get(id) as Latest | undefined
    if (!latest || latest.attempt < attempt) {
      this.#start.run(
        ...this.#identity(message),
        now,
        self,
        this.#options.host,
        this.#options.pid,
        Number(once),
      )
      return { kind: 'granted', interruptions: 0, begun: false }
    }
    if (latest.attempt > attempt) return { kind: 'stale' }
    if (latest.state === finishedState) {
      const result = parseResult(latest.result, latest.result_until)
      const verdict = parseVerdict(latest.verdict) ?? { kind: 'ack' as const }
      return { kind: 'finished', verdict, ...(result ? { result } : {}) }
    }
    let interruptions = latest.interruptions
    if (latest.state === runningState) {
      if (this.#lives(latest.instance)) return { kind: 'running', instance: latest.instance }
      if (!takeOver) return { kind: 'abandoned', instance: latest.instance }
      interruptions++
    }
    const { host, pid } = this.#options
    const earlier = withLastStart(this.#lastStart.get(id, attempt) as unknown as LastStart)
    this.#restart.run(now, interruptions, earlier, self, host, pid, Number(once), id, attempt)
    return { kind: 'granted', interruptions, begun: latest.begun === 1 }
  }

  #record(ending: Ending, { id: self }: Instance): void {
    const { message, outcome, verdict, started, finished, result, untold = false } = ending
    const output = outputOf(outcome)
    const end = [
      started ?? null,
      finished,
      mayComeAgain(ending) ? releasedState : finishedState,
      outcome.kind,
      reasonOf(outcome) ?? null,
      'exitCode' in outcome ? (outcome.exitCode ?? null) : null,
      JSON.stringify(verdict),
      output?.head ?? null,
      output?.tail ?? null,
      output?.omittedBytes ?? null,
      forgetAt(message, finished),
      Number(untold),
      result ? JSON.stringify(result.result) : null,
      result?.forgetAt ?? null,
    ]
    const { id, attempt } = message
    if (this.#end.run(...end, id, attempt).changes === 0)
      this.#endUnclaimed.run(...end, ...this.#identity(message), self, this.#options.host, this.#options.pid)
  }

  #identity(message: TaskMessage): [string, number, string | null, string, string, number | null] {
    const { id, attempt, task, queue, occurrence } = message
    return [id, attempt, occurrence?.entry ?? null, task, queue, occurrence?.due ?? null]
  }

  #live(): Instance {
    this.#instance ??= openInstance(this.#directory)
    return this.#instance
  }

  #lives(instance: string): boolean {
    return instance === this.#instance?.id || isAlive(this.#directory, instance)
  }
}

const runningState = 0
const finishedState = 1
const releasedState = 2

/** What was given back; and an occurrence that was taken back, for its entry may be added again. */
function mayComeAgain({ verdict, outcome, message }: Ending): boolean {
  return verdict.kind === 'release' || (outcome.kind === 'revoked' && message.occurrence !== undefined)
}

function outputOf(outcome: Outcome): Output | undefined {
  return 'output' in outcome ? outcome.output : undefined
}

/** Until when a copy may arrive: past its expiry nothing starts, and a message without one is not kept for a week. */
function forgetAt(message: TaskMessage, finished: Instant): number {
  const expiry = message.expires ?? message.occurrence?.startBy
  if (expiry === undefined) return finished + 7 * 24 * hour
  return Math.max(expiry + hour, finished + 24 * hour)
}
