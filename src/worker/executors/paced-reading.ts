import type { Readable } from 'node:stream'
import type { Clock } from '../../core/clock.ts'
import { milliseconds } from '../../core/instant.ts'

/** For so long in each window a run may keep the worker's thread with what it prints; then it waits for the next. */
const budgetMs = 1
const windowMs = 5

/** What is taken in one go, and not interrupted. */
const pieceBytes = 4_096

/** How many readings of a worker wait for their next window. They share the thread, so each waits for all of them. */
export interface Crowd {
  waiting: number
}

/**
 * Reads what a process prints, no faster than leaves the thread to others: whoever prints more finds its pipe full and
 * waits, as at a slow terminal.
 *
 *   reading ──budget spent──▶ waiting ──next window──▶ reading        hurry: reads on, whatever it costs
 */
export class PacedReading<Name extends string> {
  readonly #streams: readonly Readable[]
  readonly #take: (name: Name, piece: Buffer) => void
  readonly #clock: Clock
  readonly #crowd: Crowd
  readonly #hurry = new AbortController()
  /** What has been read and not been taken. */
  readonly #queue: { readonly name: Name; readonly rest: Buffer }[] = []
  #isWaiting = false
  #began = 0
  #spent = 0

  constructor(
    streams: Readonly<Record<Name, Readable | null>>,
    parts: {
      readonly take: (name: Name, piece: Buffer) => void
      readonly clock: Clock
      readonly crowd: Crowd
    },
  ) {
    this.#take = parts.take
    this.#clock = parts.clock
    this.#crowd = parts.crowd
    const named = Object.entries<Readable | null>(streams) as [Name, Readable | null][]
    this.#streams = named.flatMap(([, stream]) => stream ?? [])
    for (const [name, stream] of named) {
      stream?.on('data', (rest: Buffer) => {
        this.#queue.push({ name, rest })
        if (!this.#isWaiting) this.#work()
      })
      stream?.on('error', () => {}) // what could be read has been read
    }
  }

  /** Does not wait any more: takes at once what has been read, and whatever still comes. */
  hurry(): void {
    this.#hurry.abort()
    this.#work()
  }

  #work(): void {
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      if (this.#isSpent()) {
        this.#queue.unshift(next)
        return void this.#wait()
      }
      const from = this.#clock.monotonic()
      this.#take(next.name, next.rest.subarray(0, pieceBytes))
      this.#spent += this.#clock.monotonic() - from
      if (next.rest.length > pieceBytes)
        this.#queue.unshift({ name: next.name, rest: next.rest.subarray(pieceBytes) })
    }
    for (const stream of this.#streams) stream.resume()
  }

  #isSpent(): boolean {
    const now = this.#clock.monotonic()
    if (now - this.#began >= windowMs) {
      this.#began = now
      this.#spent = 0
    }
    return this.#spent >= budgetMs && !this.#hurry.signal.aborted
  }

  async #wait(): Promise<void> {
    for (const stream of this.#streams) stream.pause()
    this.#isWaiting = true
    this.#crowd.waiting++
    await this.#clock.sleep(milliseconds(windowMs * this.#crowd.waiting), this.#hurry.signal)
    this.#crowd.waiting--
    this.#isWaiting = false
    this.#work()
  }
}
