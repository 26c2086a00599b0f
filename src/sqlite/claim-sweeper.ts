import type { StatementSync } from 'node:sqlite'
import type { BrokerEvent } from '../broker/broker-event.ts'
import type { Clock } from '../core/clock.ts'
import { milliseconds } from '../core/instant.ts'
import type { Database } from './database.ts'
import { forgetInstance, isAlive } from './instance.ts'
import type { Troubles } from './troubles.ts'
import type { WorkerTable } from './worker-table.ts'

/** How often somebody looks whether the holders of messages still live. */
const sweepEvery = milliseconds(2_000)
const look = 'look for dead workers'

/**
 * Behind nothing: what was let go for it does not get its turn (it was given another time, or nobody serves its
 * queue). So nothing waits for ever.
 */
const ofNoRun = `
  NOT EXISTS (SELECT 1 FROM messages WHERE state = 1 AND entry = b.entry)
  AND NOT EXISTS (SELECT 1 FROM messages WHERE state = 3 AND entry = b.entry AND (due, seq) < (b.due, b.seq))`

export interface SweeperOptions {
  readonly database: Database
  readonly workers: WorkerTable
  /** Where the instances' lock files are. */
  readonly directory: string
  readonly self: string
  readonly clock: Clock
  readonly emit: (event: BrokerEvent) => void
  readonly troubles: Troubles
  /** Something became free. */
  readonly freed: () => void
}

/**
 * Gives back what dead workers held. Whether a holder lives is asked of the kernel, so there is nothing to renew and
 * nothing that expires; the kernel does not tell of a death, though, so every consumer asks now and then.
 */
export class ClaimSweeper {
  readonly #options: SweeperOptions
  readonly #holders: StatementSync
  readonly #forgotten: StatementSync
  readonly #letGo: StatementSync
  readonly #stop = new AbortController()
  #running: Promise<void> | undefined

  constructor(options: SweeperOptions) {
    this.#options = options
    const { database } = options
    this.#holders = database.prepare(`
      SELECT holder AS id FROM messages INDEXED BY messages_held WHERE holder IS NOT NULL
      UNION SELECT instance FROM workers`)
    this.#forgotten = database.prepare(`
      SELECT 1 FROM messages AS b INDEXED BY messages_behind WHERE state = 3 AND ${ofNoRun} LIMIT 1`)
    this.#letGo = database.prepare(`
      UPDATE messages SET state = 0 WHERE seq IN
      (SELECT seq FROM messages AS b INDEXED BY messages_behind WHERE state = 3 AND ${ofNoRun} LIMIT 100)`)
  }

  start(): void {
    this.#running ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { clock, troubles } = this.#options
    while (!this.#stop.signal.aborted) {
      const error = await this.#sweep()
      if (error === undefined) troubles.worked(look)
      else troubles.failed(look, error)
      await clock.sleep(sweepEvery, this.#stop.signal)
    }
  }

  /** Each holder by itself, so that one that cannot be judged does not keep what the others held. The last error. */
  async #sweep(): Promise<unknown> {
    const { self, database } = this.#options
    let failed: unknown
    try {
      for (const { id } of database.read(look, () => this.#holders.all()) as { id: string }[]) {
        try {
          if (id !== self) await this.#freeIfDead(id)
        } catch (error) {
          failed = error
        }
      }
      await this.#letGoBehindNothing()
    } catch (error) {
      failed = error
    }
    return failed
  }

  async #letGoBehindNothing(): Promise<void> {
    const { database, freed } = this.#options
    if (this.#forgotten.get() === undefined) return
    await database.write('let go what waits for no run', () => this.#letGo.run())
    freed()
  }

  async #freeIfDead(id: string): Promise<void> {
    const { directory, database, workers, emit, freed } = this.#options
    if (isAlive(directory, id)) return
    const count = await database.write('free what a dead worker held', () => workers.forget(id))
    forgetInstance(directory, id)
    if (count === 0) return
    emit({ kind: 'claimsFreed', instance: id, count })
    freed()
  }
}
