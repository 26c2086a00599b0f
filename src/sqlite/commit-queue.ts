import { type Database, isOfDatabase } from './database.ts'

interface SubmitOptions {
  /** It survives a power cut, however the file was opened. */
  readonly synced?: boolean
  /** It comes behind the others of its transaction, so that it finds what they have done. */
  readonly last?: boolean
}

interface Item {
  readonly synced: boolean
  readonly last: boolean
  readonly run: () => void
  readonly reject: (error: unknown) => void
  resolve(): void
}

/**
 * Group commit: what is submitted while the event loop goes round once, or while the transaction before it is still
 * waiting for its lock, is committed in one transaction. Each caller hears of its own part.
 */
export class CommitQueue {
  readonly #database: Database
  readonly #operation: string
  #waiting: Item[] = []
  #committing: Promise<void> | undefined

  constructor(database: Database, operation: string) {
    this.#database = database
    this.#operation = operation
  }

  /**
   * Resolves with what `run` returned, once that is durable. What `run` throws rejects this caller alone, and nothing
   * of its part is written; a database that cannot write rejects all that were to be committed together.
   */
  submit<T>(run: () => T, { synced = false, last = false }: SubmitOptions = {}): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let value: T
      this.#waiting.push({
        synced,
        last,
        run: () => {
          value = run()
        },
        resolve: () => resolve(value),
        reject,
      })
      this.#committing ??= this.#commitAll()
    })
  }

  /** Resolves when all that has been submitted is settled. */
  async drained(): Promise<void> {
    await this.#committing
  }

  async #commitAll(): Promise<void> {
    do {
      await new Promise((resolve) => setImmediate(resolve))
      const items = this.#waiting.splice(0, mostPerCommit)
      await this.#commit([...items.filter(({ last }) => !last), ...items.filter(({ last }) => last)])
    } while (this.#waiting.length > 0)
    this.#committing = undefined
  }

  async #commit(items: readonly Item[]): Promise<void> {
    try {
      const failed = await this.#write(items)
      for (const item of items) {
        if (failed.has(item)) item.reject(failed.get(item))
        else item.resolve()
      }
    } catch (error) {
      for (const item of items) item.reject(error)
    }
  }

  /** All at once, as it mostly goes well; when one throws, all again, each in a part of its own. */
  async #write(items: readonly Item[]): Promise<ReadonlyMap<Item, unknown>> {
    const options = { synced: items.some((item) => item.synced) }
    const runAll = (): void => {
      for (const item of items) item.run()
    }
    try {
      await this.#database.write(this.#operation, runAll, options)
      return new Map()
    } catch {
      return this.#database.write(this.#operation, () => this.#runEach(items), options)
    }
  }

  #runEach(items: readonly Item[]): Map<Item, unknown> {
    const failed = new Map<Item, unknown>()
    for (const item of items) {
      try {
        this.#database.part(item.run)
      } catch (error) {
        if (isOfDatabase(error)) throw error
        failed.set(item, this.#database.explain(this.#operation, error))
      }
    }
    return failed
  }
}

/** Keeps a transaction to a few milliseconds. */
const mostPerCommit = 500
