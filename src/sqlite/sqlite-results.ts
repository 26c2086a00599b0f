import type { Results } from '../broker/results.ts'
import { Awaited } from '../core/awaited.ts'
import { type Clock, longestNap } from '../core/clock.ts'
import { TaskbeatError } from '../core/errors.ts'
import { milliseconds, plus } from '../core/instant.ts'
import type { TakePrinted } from '../task/printed.ts'
import type { CancelAnswer } from '../task/run.ts'
import { defaultResultTtlMs, type RunResult, type RunState } from '../task/run-result.ts'
import type { TaskMessage } from '../task/task-message.ts'
import { CancelTable } from './cancel-table.ts'
import type { Database } from './database.ts'
import type { PrintedReader } from './printed-reader.ts'
import { ResultTable } from './result-table.ts'
import type { WakeFile } from './wake-file.ts'

export interface SqliteResultsParts {
  readonly database: Database
  readonly clock: Clock
  readonly publish: (messages: readonly TaskMessage[], how: { readonly followed: boolean }) => Promise<void>
  readonly printed: PrintedReader
  /** Rung when there is a new result. */
  readonly told: WakeFile
  /** Rung when there is something for workers. */
  readonly work: WakeFile
  /** Aborted when the broker is closed. */
  readonly closing: AbortSignal
}

/** When the kernel cannot wake us, we look by ourselves this often. */
const lookWithoutWake = milliseconds(100)
/** A run may come to an end without a result (dropped by hand, removed with its entry), and nobody rings for that. */
const lookAgain = longestNap

/**
 * The sender's end in the embedded broker: results are rows, and whoever waits for some is woken by the kernel and reads
 * those that came since. While nobody waits, nothing is watched. It does not keep the process alive.
 */
export class SqliteResults implements Results {
  readonly #parts: SqliteResultsParts
  readonly #results: ResultTable
  readonly #cancelling: CancelTable
  readonly #waiting = new Awaited<RunResult>(() => this.#endWatch())
  #seen = 0
  #watch: Disposable | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(parts: SqliteResultsParts) {
    this.#parts = parts
    this.#results = new ResultTable(parts.database)
    this.#cancelling = new CancelTable(parts.database)
  }

  /** The file is open. */
  async ready(): Promise<void> {}

  async send(messages: readonly TaskMessage[], take?: TakePrinted): Promise<void> {
    const { publish, printed } = this.#parts
    if (take) for (const { id } of messages) printed.follow(id, take)
    try {
      await publish(messages, { followed: take !== undefined })
    } catch (error) {
      for (const { id } of messages) printed.finish(id)
      throw error
    }
  }

  async wait(id: string, signal: AbortSignal): Promise<RunResult> {
    const over = AbortSignal.any([signal, this.#parts.closing])
    // Watched before it is looked: what comes in between rings.
    if (this.#waiting.size === 0) this.#beginToWatch()
    const told = this.#waiting.wait(id, over, () => (signal.aborted ? signal.reason : closed()))
    if (!over.aborted) this.#look(id)
    return told
  }

  async status(id: string): Promise<RunState> {
    return this.#parts.database.read('read a run', () => this.#state(id))
  }

  async cancel(id: string, { abort }: { readonly abort: boolean }): Promise<CancelAnswer> {
    const { database, clock, work, told } = this.#parts
    const reason = 'it was cancelled before it had started'
    const answer = await database.write('cancel a run', (): CancelAnswer => {
      const now = clock.now()
      const found = this.#cancelling.cancel(id, now, abort)
      if (found === 'dropped') {
        const result: RunResult = { outcome: 'revoked', error: { name: 'Revoked', message: reason } }
        // What it says is the worker's to record; whoever waits shall not wait for one.
        this.#results.put(id, { result, forgetAt: plus(now, milliseconds(defaultResultTtlMs)) })
      }
      return found ?? (this.#results.get(id) ? 'ended' : 'unknown')
    })
    if (answer === 'dropped' || answer === 'aborted') work.ring()
    if (answer === 'dropped') told.ring()
    return answer
  }

  /** What waits first: a message goes in the transaction that stores its result, so it is in one of the two. */
  #state(id: string): RunState {
    const state = this.#cancelling.stateOf(id)
    if (state !== undefined) return { state }
    const kept = this.#results.get(id)
    return kept ? { state: 'ended', result: kept.result } : { state: 'unknown' }
  }

  /** Tells the result of this run if it is there; or that there will be none. */
  #look(id: string): void {
    const { database } = this.#parts
    try {
      const found = database.read('read a result', () => this.#state(id))
      if (found.state === 'ended') this.#tell(id, found.result)
      else if (found.state === 'unknown') this.#fail(id, noResult(id))
    } catch (error) {
      this.#fail(id, error)
    }
  }

  /** Reads what came since the last look. */
  #readNews(): void {
    try {
      const news = this.#parts.database.read('read results', () => this.#results.after(this.#seen))
      for (const { seq, id } of news) {
        this.#seen = seq
        if (this.#waiting.has(id)) this.#look(id)
      }
    } catch {
      // The file cannot be read at present; the next look may, and a caller's own limit holds meanwhile.
    }
  }

  #beginToWatch(): void {
    const { database, told } = this.#parts
    this.#seen = database.read('read results', () => this.#results.lastSeq())
    const everyMs = (every: number): void => {
      clearInterval(this.#timer)
      this.#timer = setInterval(() => this.#lookAtAll(), every).unref()
    }
    everyMs(lookAgain)
    this.#watch = told.watch(
      () => this.#readNews(),
      () => everyMs(lookWithoutWake),
    )
  }

  #endWatch(): void {
    this.#watch?.[Symbol.dispose]()
    this.#watch = undefined
    clearInterval(this.#timer)
  }

  #lookAtAll(): void {
    for (const id of this.#waiting.ids) this.#look(id)
  }

  #tell(id: string, result: RunResult): void {
    this.#parts.printed.finish(id)
    this.#waiting.tell(id, result)
  }

  #fail(id: string, error: unknown): void {
    this.#parts.printed.finish(id)
    this.#waiting.fail(id, error)
  }
}

function noResult(id: string): TaskbeatError {
  return new TaskbeatError(
    'NOT_FOUND',
    `there is no result of ${id}, and nothing that could have one: it was never sent, was removed, or is forgotten`,
  )
}

function closed(): TaskbeatError {
  return new TaskbeatError('BROKER_UNAVAILABLE', 'the connection was closed while a result was waited for')
}
