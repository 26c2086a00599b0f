/**
 * Names as values of a label: each makes a series, which costs memory here and in whatever collects them. The first
 * `most` are called by their names, the rest together are `(other)`.
 */
export class BoundedNames {
  readonly #most: number
  readonly #known = new Set<string>()

  constructor(most: number) {
    this.#most = most
  }

  /** From here on it is called by its name, if there is room. */
  admit(name: string): boolean {
    if (this.#known.size < this.#most) this.#known.add(name)
    return this.#known.has(name)
  }

  has(name: string): boolean {
    return this.#known.has(name)
  }

  labelOf(name: string): string {
    return this.#known.has(name) ? name : '(other)'
  }
}
