/**
 * The embedded broker: everything that happens on one machine, in one SQLite file that beat, workers and the command
 * line open directly. There is no server process; what a server would do, the file's transactions and the kernel do.
 *
 * - Durable means committed with `synchronous=FULL`: it survives kill -9 at any instant, and a power cut.
 * - Who lives is the kernel's word (instance.ts): a message handed to a process that died is free again at once, and
 *   found by the next look of any consumer (claim-sweeper.ts). There are no leases that the clock could break.
 * - Who has published wakes those who consume through the kernel (wake-file.ts); between wake-ups a consumer sleeps
 *   until its next ETA.
 * - A full disk fails the transaction and nothing else: what was accepted stays, and the next try may succeed.
 *   A damaged file is refused and left as it is.
 */
import { dirname, join } from 'node:path'
import type { Broker, Consumer, Intake } from '../broker/broker.ts'
import type { BrokerEvent } from '../broker/broker-event.ts'
import type { BrokerStatus } from '../broker/broker-status.ts'
import type { DeadLetters } from '../broker/dead-letters.ts'
import type { Results } from '../broker/results.ts'
import type { Candidate, Term } from '../broker/term.ts'
import type { Clock } from '../core/clock.ts'
import { milliseconds } from '../core/instant.ts'
import { steadyNow } from '../core/steady-now.ts'
import type { TaskMessage } from '../task/task-message.ts'
import { readBrokerStatus } from './broker-status-query.ts'
import { brokerBlueprint } from './broker-tables.ts'
import { CancelTable } from './cancel-table.ts'
import { ClaimSweeper } from './claim-sweeper.ts'
import { ClaimTable } from './claim-table.ts'
import { CommitQueue } from './commit-queue.ts'
import { Database } from './database.ts'
import { DeadLetterTable } from './dead-letter-table.ts'
import { GroupTable } from './group-table.ts'
import { type Instance, isAlive, openInstance } from './instance.ts'
import { MessageTable, toRow } from './message-table.ts'
import { PrintedReader } from './printed-reader.ts'
import { PrintedTable } from './printed-table.ts'
import { PrintedTeller } from './printed-teller.ts'
import { pruneResults } from './prune-results.ts'
import { ResultTable } from './result-table.ts'
import { SqliteConsumer } from './sqlite-consumer.ts'
import { SqliteResults } from './sqlite-results.ts'
import { leadGroup, type TermParts } from './sqlite-term.ts'
import { Troubles } from './troubles.ts'
import { WakeFile } from './wake-file.ts'
import { WorkerTable } from './worker-table.ts'

export interface SqliteBrokerOptions {
  /** The database file; its lock and wake files are made beside it. */
  readonly path: string
  /** Make what is missing. Whoever consumes or leads needs it. */
  readonly create: boolean
  readonly clock: Clock
  readonly host: string
  readonly pid: number
  readonly emit: (event: BrokerEvent) => void
}

/** Opens the file. Throws STATE_UNUSABLE and STATE_CORRUPT with the reason. */
export function openSqliteBroker(options: SqliteBrokerOptions): Broker {
  return new SqliteBroker(options)
}

/** When the kernel cannot wake a consumer, it looks by itself this often. */
const lookWithoutWake = milliseconds(100)
const announce = 'announce this worker'
const announceAgain = milliseconds(5_000)
const trimEvery = milliseconds(600_000)

class SqliteBroker implements Broker {
  readonly #options: SqliteBrokerOptions
  readonly #database: Database
  readonly #messages: MessageTable
  readonly #groups: GroupTable
  readonly #workers: WorkerTable
  readonly #leading = new Set<string>()
  readonly #deadLetters: DeadLetterTable
  readonly #claims: ClaimTable
  readonly #commits: CommitQueue
  readonly #keptResults: ResultTable
  readonly results: Results
  readonly #directory: string
  readonly #told: WakeFile
  readonly #printing: WakeFile
  readonly #printed: PrintedTable
  readonly #printedReader: PrintedReader
  readonly #printedTeller: PrintedTeller
  readonly #work: WakeFile
  readonly #succession: WakeFile
  readonly #consumers = new Set<SqliteConsumer>()
  readonly #closing = new AbortController()
  readonly #troubles: Troubles
  /** Only those who hold messages or lead need one. */
  #instance: Instance | undefined
  #sweeper: ClaimSweeper | undefined
  /** The newest: what a worker wants may change while it cannot be written. */
  #announcement: symbol | undefined
  #trimming: Promise<void> | undefined
  #watch: Disposable | undefined
  #closed: Promise<void> | undefined

  constructor(options: SqliteBrokerOptions) {
    const { path, create, clock } = options
    this.#options = options
    this.#troubles = new Troubles(clock, options.emit)
    this.#database = new Database(path, brokerBlueprint, { synchronous: 'FULL', create })
    this.#directory = join(dirname(path), 'instances')
    this.#work = new WakeFile(`${path}.work`)
    this.#succession = new WakeFile(`${path}.succession`)
    this.#told = new WakeFile(`${path}.results`)
    this.#printing = new WakeFile(`${path}.printed`)
    if (create) for (const bell of [this.#told, this.#printing, this.#work, this.#succession]) bell.create()
    this.#messages = new MessageTable(this.#database)
    this.#groups = new GroupTable(this.#database)
    this.#workers = new WorkerTable(this.#database)
    this.#claims = new ClaimTable(this.#database, (holder) => this.#lives(holder))
    this.#commits = new CommitQueue(this.#database, 'settle and hand out')
    this.#deadLetters = new DeadLetterTable(this.#database, this.#messages, clock, () => this.#ring())
    this.#keptResults = new ResultTable(this.#database)
    this.#printed = new PrintedTable(this.#database)
    this.#printedReader = new PrintedReader({
      database: this.#database,
      table: this.#printed,
      bell: this.#printing,
    })
    this.#printedTeller = new PrintedTeller({
      printed: this.#printed,
      commits: this.#commits,
      clock,
      ring: () => this.#printing.ring(),
      closing: this.#closing.signal,
    })
    this.results = new SqliteResults({
      database: this.#database,
      clock,
      publish: (messages, how) => this.#publish(messages, how),
      printed: this.#printedReader,
      told: this.#told,
      work: this.#work,
      closing: this.#closing.signal,
    })
  }

  get deadLetters(): DeadLetters {
    return this.#deadLetters
  }

  publish(messages: readonly TaskMessage[]): Promise<void> {
    return this.#publish(messages)
  }

  async #publish(messages: readonly TaskMessage[], { followed = false } = {}): Promise<void> {
    const rows = messages.map(toRow)
    await this.#database.write('send', () => {
      for (const row of rows) this.#messages.insert(row)
      if (followed) for (const { id } of messages) this.#printed.follow(id)
    })
    this.#ring()
  }

  consume(intake: Intake): Consumer {
    const instance = this.#live()
    void this.#announce(instance, intake)
    const consumer = new SqliteConsumer(
      {
        claims: this.#claims,
        messages: this.#messages,
        deadLetters: this.#deadLetters,
        results: this.#keptResults,
        printed: this.#printedTeller,
        cancelling: new CancelTable(this.#database),
        commits: this.#commits,
        holder: instance.id,
        clock: this.#options.clock,
        emit: this.#options.emit,
        troubles: this.#troubles,
        closing: this.#closing.signal,
        wake: () => this.#wakeConsumers(),
        ring: () => this.#ring(),
        tell: () => this.#told.ring(),
      },
      intake,
    )
    this.#consumers.add(consumer)
    void consumer.stopped.then(() => this.#consumers.delete(consumer))
    this.#watch ??= this.#work.watch(
      () => this.#wakeConsumers(),
      (error) => void this.#lookByOurselves(error),
    )
    this.#sweeper ??= this.#startSweeper(instance)
    this.#trimming ??= this.#trimNowAndThen()
    return consumer
  }

  async lead(candidate: Candidate, signal: AbortSignal): Promise<Term> {
    const parts: TermParts = {
      database: this.#database,
      groups: this.#groups,
      messages: this.#messages,
      clock: this.#options.clock,
      holder: this.#live().id,
      leading: this.#leading,
      directory: this.#directory,
      work: this.#work,
      succession: this.#succession,
    }
    return leadGroup(parts, candidate, signal)
  }

  async status(): Promise<BrokerStatus> {
    return this.#database.read('read the status', () =>
      readBrokerStatus(this.#database, this.#directory, this.#options.clock.now()),
    )
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#closing.abort()
    for (const consumer of this.#consumers) await consumer.stop()
    await this.#sweeper?.stop()
    await this.#trimming
    await this.#commits.drained()
    await this.#printedReader.close()
    this.#watch?.[Symbol.dispose]()
    if (this.#instance) await this.#giveBack(this.#instance)
    this.#database.close()
    this.#instance?.[Symbol.dispose]()
  }

  #live(): Instance {
    this.#instance ??= openInstance(this.#directory)
    return this.#instance
  }

  #lives(holder: string): boolean {
    return holder === this.#instance?.id || isAlive(this.#directory, holder)
  }

  /** Tried until it works: a worker that is not announced works, and nobody sees it. */
  async #announce({ id }: Instance, { queues, slots, concurrency = slots }: Intake): Promise<void> {
    const { host, pid, clock } = this.#options
    const since = clock.now()
    const latest = Symbol(id)
    this.#announcement = latest
    while (this.#announcement === latest && !this.#closing.signal.aborted) {
      try {
        await this.#commits.submit(() =>
          this.#workers.announce({ instance: id, host, pid, since, queues, slots: concurrency }),
        )
        this.#troubles.worked(announce)
        return
      } catch (error) {
        this.#troubles.failed(announce, error)
        await clock.sleep(announceAgain, this.#closing.signal)
      }
    }
  }

  async #giveBack({ id }: Instance): Promise<void> {
    try {
      await this.#database.write('give back what is held', () => this.#workers.forget(id))
      this.#ring()
    } catch (error) {
      // The lock on our instance goes with this process, and the others free what it held.
      this.#options.emit({ kind: 'brokerFailed', operation: 'give back what is held', error })
    }
  }

  #startSweeper(instance: Instance): ClaimSweeper {
    const { clock, emit } = this.#options
    const sweeper = new ClaimSweeper({
      database: this.#database,
      workers: this.#workers,
      directory: this.#directory,
      self: instance.id,
      clock,
      emit,
      troubles: this.#troubles,
      freed: () => this.#ring(),
    })
    sweeper.start()
    return sweeper
  }

  async #trimNowAndThen(): Promise<void> {
    const { clock, emit } = this.#options
    while (!this.#closing.signal.aborted) {
      const now = await steadyNow(clock, this.#closing.signal)
      if (now === undefined) return
      try {
        const count = await this.#commits.submit(() => this.#deadLetters.trim())
        if (count > 0) emit({ kind: 'deadLettersRemoved', count })
        const write = (act: () => boolean): Promise<boolean> => this.#commits.submit(act)
        await pruneResults(this.#keptResults, { now, signal: this.#closing.signal, write })
        await this.#commits.submit(() => this.#printed.forget(now))
      } catch (error) {
        emit({ kind: 'brokerFailed', operation: 'remove old dead letters, results and output', error })
      }
      await clock.sleep(trimEvery, this.#closing.signal)
    }
  }

  #ring(): void {
    this.#work.ring()
  }

  #wakeConsumers(): void {
    for (const consumer of this.#consumers) consumer.wake()
  }

  async #lookByOurselves(error: unknown): Promise<void> {
    this.#options.emit({ kind: 'wakeUpsUnavailable', error })
    while (!this.#closing.signal.aborted) {
      await this.#options.clock.sleep(lookWithoutWake, this.#closing.signal)
      this.#wakeConsumers()
    }
  }
}
