import type { Clock } from '../core/clock.ts'
import type { Milliseconds } from '../core/instant.ts'

export interface CachedReadingParts<T> {
  readonly read: () => Promise<T>
  readonly clock: Clock
  /** For so long an answer is good. */
  readonly fresh: Milliseconds
  /** For so long somebody who asks waits. */
  readonly patience: Milliseconds
}

/** What is asked of somebody who may be slow or away, by those who may ask often: one question at a time. */
export class CachedReading<T> {
  readonly #parts: CachedReadingParts<T>
  #last: { readonly value: T; readonly at: Milliseconds } | undefined
  #asking: Promise<T | undefined> | undefined

  constructor(parts: CachedReadingParts<T>) {
    this.#parts = parts
  }

  /** The answer; undefined when there is none in time. */
  async get(): Promise<T | undefined> {
    const { clock, fresh, patience } = this.#parts
    if (this.#last && clock.monotonic() - this.#last.at < fresh) return this.#last.value
    this.#asking ??= this.#ask()
    const enough = new AbortController()
    const gaveUp = clock.sleep(patience, enough.signal).then(() => undefined)
    const answer = await Promise.race([this.#asking, gaveUp])
    enough.abort()
    return answer
  }

  async #ask(): Promise<T | undefined> {
    const { read, clock } = this.#parts
    try {
      const value = await read()
      this.#last = { value, at: clock.monotonic() }
      return value
    } catch {
      return undefined // whoever depends on the broker tells what is wrong with it
    } finally {
      this.#asking = undefined
    }
  }
}
