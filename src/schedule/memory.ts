/**
 * What texts mean, worked out once for each: 100,000 entries have few different ones. A flood of different texts only
 * makes it start again.
 */
export class Memory<T> {
  readonly #known = new Map<string, T>()

  recall(text: string, workOut: () => T): T {
    const known = this.#known.get(text)
    if (known !== undefined) return known
    const meaning = workOut()
    if (this.#known.size >= most) this.#known.clear()
    this.#known.set(text, meaning)
    return meaning
  }
}

/** Enough for the schedules there are. */
const most = 10_000
