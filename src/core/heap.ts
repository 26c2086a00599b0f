/**
 * Values of which the first is always at hand: `push` and `pop` in O(log n). What has equal rank leaves in any order.
 */
export class Heap<T> {
  #items: T[] = []
  readonly #compare: (a: T, b: T) => number

  /** `compare` is negative when `a` comes first. */
  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare
  }

  get size(): number {
    return this.#items.length
  }

  get first(): T | undefined {
    return this.#items[0]
  }

  push(item: T): void {
    const items = this.#items
    let place = items.length
    while (place > 0) {
      const parent = (place - 1) >> 1
      const above = items[parent] as T
      if (this.#compare(above, item) <= 0) break
      items[place] = above
      place = parent
    }
    items[place] = item
  }

  pop(): T | undefined {
    const items = this.#items
    const first = items[0]
    const last = items.pop()
    if (items.length > 0) this.#sink(last as T)
    return first
  }

  /** Takes out the so many that come last, in no order; for rare use, it costs O(n log n). */
  takeLast(count: number): T[] {
    this.#items.sort(this.#compare) // a sorted list is a heap
    return this.#items.splice(Math.max(0, this.#items.length - count))
  }

  /** Takes out everything, in no order. */
  clear(): T[] {
    const items = this.#items
    this.#items = []
    return items
  }

  /** Puts the item in the first place and lets it sink to where it belongs. */
  #sink(item: T): void {
    const items = this.#items
    const half = items.length >> 1
    let place = 0
    while (place < half) {
      let child = 2 * place + 1
      const right = items[child + 1]
      if (right !== undefined && this.#compare(right, items[child] as T) < 0) child++
      const below = items[child] as T
      if (this.#compare(item, below) <= 0) break
      items[place] = below
      place = child
    }
    items[place] = item
  }
}
