import { milliseconds } from '../core/instant.ts'
import type { TakePrinted } from '../task/printed.ts'
import type { Database } from './database.ts'
import type { PrintedTable } from './printed-table.ts'
import type { WakeFile } from './wake-file.ts'

export interface PrintedReaderParts {
  readonly database: Database
  readonly table: PrintedTable
  /** Rung when something was printed. */
  readonly bell: WakeFile
}

/** When the kernel cannot wake us, we look by ourselves this often. */
const lookWithoutWake = milliseconds(100)
/** Read parts are removed by so many, and at the end. */
const removedAtOnce = 16

interface Following {
  readonly take: TakePrinted
  seen: number
  unremoved: number
}

/** Reads what the runs that are followed here print, as it comes. While none is, nothing is watched. */
export class PrintedReader {
  readonly #parts: PrintedReaderParts
  readonly #following = new Map<string, Following>()
  #removing: Promise<unknown> = Promise.resolve()
  #watch: Disposable | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(parts: PrintedReaderParts) {
    this.#parts = parts
  }

  /** To be called before the message is there. */
  follow(id: string, take: TakePrinted): void {
    this.#following.set(id, { take, seen: 0, unremoved: 0 })
    this.#watch ??= this.#parts.bell.watch(
      () => this.#readAll(),
      () => {
        clearInterval(this.#timer)
        this.#timer = setInterval(() => this.#readAll(), lookWithoutWake).unref()
      },
    )
  }

  /** Passes on what is there, and nothing of this run after that. */
  finish(id: string): void {
    const following = this.#following.get(id)
    if (!following) return
    this.#read(id, following)
    this.#following.delete(id)
    if (following.unremoved > 0) this.#remove(id, following)
    if (this.#following.size === 0) this.#unwatch()
  }

  /** Resolves when the file may be closed. */
  async close(): Promise<void> {
    for (const id of [...this.#following.keys()]) this.finish(id)
    await this.#removing
  }

  #readAll(): void {
    for (const [id, following] of this.#following) this.#read(id, following)
  }

  #read(id: string, following: Following): void {
    const { database, table } = this.#parts
    try {
      for (const { seq, part } of database.read('read output', () => table.after(id, following.seen))) {
        following.seen = seq
        following.unremoved++
        if (part) following.take(part)
      }
    } catch {
      // The file cannot be read at present; the next look may.
    }
    if (following.unremoved >= removedAtOnce) this.#remove(id, following)
  }

  #remove(id: string, following: Following): void {
    const { database, table } = this.#parts
    const through = following.seen
    following.unremoved = 0
    const removed = database.write('remove output that was read', () => table.remove(id, through))
    // What stays is forgotten after a while.
    this.#removing = Promise.all([this.#removing, removed.catch(() => {})])
  }

  #unwatch(): void {
    this.#watch?.[Symbol.dispose]()
    this.#watch = undefined
    clearInterval(this.#timer)
  }
}
