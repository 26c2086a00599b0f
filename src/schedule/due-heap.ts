import type { Instant } from '../core/instant.ts'

/** What a heap keeps in order. `place` belongs to the heap: where in it the item is; -1 = not in it. */
export interface DueItem {
  readonly name: string
  due: Instant
  place: number
}

/** A binary heap by (due, name): the first item at once, and any item put in, moved or taken out in O(log n). */
export class DueHeap<T extends DueItem> {
  readonly #items: T[] = []

  get first(): T | undefined {
    return this.#items[0]
  }

  /** Puts an item in, or, when it is in already, where its changed `due` belongs. */
  place(item: T): void {
    if (item.place < 0) {
      item.place = this.#items.length
      this.#items.push(item)
    }
    this.#rise(item)
    this.#sink(item)
  }

  /** Takes an item out, if it is in. */
  remove(item: T): void {
    const last = this.#items.at(-1)
    if (item.place < 0 || last === undefined) return
    this.#items.pop()
    if (last !== item) {
      last.place = item.place
      this.#items[last.place] = last
      this.place(last)
    }
    item.place = -1
  }

  #rise(item: T): void {
    while (item.place > 0) {
      const parent = this.#items[(item.place - 1) >> 1]
      if (parent === undefined || !comesBefore(item, parent)) return
      this.#swap(parent, item)
    }
  }

  #sink(item: T): void {
    for (;;) {
      const left = this.#items[2 * item.place + 1]
      const right = this.#items[2 * item.place + 2]
      const child = left !== undefined && right !== undefined && comesBefore(right, left) ? right : left
      if (child === undefined || !comesBefore(child, item)) return
      this.#swap(item, child)
    }
  }

  #swap(upper: T, lower: T): void {
    const place = upper.place
    upper.place = lower.place
    lower.place = place
    this.#items[upper.place] = upper
    this.#items[lower.place] = lower
  }
}

function comesBefore(a: DueItem, b: DueItem): boolean {
  return a.due < b.due || (a.due === b.due && a.name < b.name)
}
