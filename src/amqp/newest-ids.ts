import { forgetOldest } from '../core/forget-oldest.ts'

/** A set of ids that holds so many at the most: those that were added first are forgotten first. */
export class NewestIds {
  readonly #most: number
  readonly #ids = new Set<string>()

  constructor(most: number) {
    this.#most = most
  }

  get size(): number {
    return this.#ids.size
  }

  has(id: string): boolean {
    return this.#ids.has(id)
  }

  /** One that is there already becomes the newest. */
  add(id: string): void {
    this.#ids.delete(id)
    this.#ids.add(id)
    forgetOldest(this.#ids, this.#most)
  }

  delete(id: string): void {
    this.#ids.delete(id)
  }

  [Symbol.iterator](): Iterator<string> {
    return this.#ids.values()
  }
}
