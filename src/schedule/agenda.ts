import type { Cursor } from '../core/cursor.ts'
import { type Instant, instant } from '../core/instant.ts'
import { DueHeap, type DueItem } from './due-heap.ts'
import type { Entry } from './entry.ts'
import { judgeLate, type Missed } from './missed.ts'

/** One slot of an entry. */
export interface Occurrence {
  readonly entry: Entry
  readonly due: Instant
}

export interface TakeOptions {
  /** What is due up to here, inclusive, is taken: now + lookahead. */
  readonly through: Instant
  /** What is due by now, inclusive, is late and judged by its entry's `missed` policy. */
  readonly now: Instant
  /** How many occurrences and records of missed ones there may be, together; a last entry may add two records. */
  readonly limit: number
}

export interface Take {
  /** In the order of due, then of the entry's name. */
  readonly occurrences: readonly Occurrence[]
  /** A record is handed out as soon as it is known, and may therefore reach beyond `cursor`. */
  readonly missed: readonly Missed[]
  /** Through when this has dealt with everything, to be committed together with it; undefined when it is empty. */
  readonly cursor: Cursor | undefined
  /** The limit ended this: there is more that is due by `through`. */
  readonly more: boolean
}

interface Item extends DueItem {
  readonly entry: Entry
  /** What is due until then has been judged: it is emitted though it is late. */
  judgedThrough: number
}

/**
 * Which entry is due next: the entries of a schedule in a heap, in the order of (due, name). A turn costs O(log n) for
 * each occurrence that it takes, however many entries there are.
 *
 * An entry that comes up late is judged once for all that it has missed; then it goes back to where it resumes, and is
 * emitted when that is its turn. So everything leaves in the order of (due, name), the cursor only ever moves forward,
 * and an agenda made anew from any cursor that was returned goes on exactly behind it:
 *
 *     for each entry: agenda.add(entry, emittedThrough(cursor, entry.spec.name))
 *
 * What it gives away is gone from it: who could not emit what was taken starts again from the last committed cursor.
 * A record reaches beyond the cursor that it was committed with, so whoever has told it adds its entry behind it.
 */
export class Agenda {
  readonly #items = new Map<string, Item>()
  readonly #heap = new DueHeap<Item>()

  /** How many entries it holds, those included that are never due again. */
  get size(): number {
    return this.#items.size
  }

  /** Puts in an entry, or replaces the one of its name; its first occurrence is strictly later than `after`. */
  add(entry: Entry, after: Instant): void {
    const { name } = entry.spec
    this.remove(name)
    const item: Item = { name, entry, due: instant(0), place: -1, judgedThrough: Number.NEGATIVE_INFINITY }
    this.#items.set(name, item)
    this.#resume(item, entry.timeline.next(after))
  }

  /** Takes an entry out; false when there was none of this name. */
  remove(name: string): boolean {
    const item = this.#items.get(name)
    if (item === undefined) return false
    this.#heap.remove(item)
    return this.#items.delete(name)
  }

  /** When the first occurrence is due that has not been taken; undefined = never. */
  nextDue(): Instant | undefined {
    return this.#heap.first?.due
  }

  take({ through, now, limit }: TakeOptions): Take {
    const occurrences: Occurrence[] = []
    const missed: Missed[] = []
    let cursor: Cursor | undefined
    for (let item = this.#heap.first; item !== undefined && item.due <= through; item = this.#heap.first) {
      if (occurrences.length + missed.length >= limit) return { occurrences, missed, cursor, more: true }
      const { entry, due } = item
      if (due <= now && due > item.judgedThrough) {
        const judgement = judgeLate(entry, due, now)
        item.judgedThrough = now
        missed.push(...judgement.missed)
        if (judgement.missed.length > 0) cursor = { due, entry: item.name }
        this.#resume(item, judgement.resume)
      } else {
        occurrences.push({ entry, due })
        cursor = { due, entry: item.name }
        this.#resume(item, entry.timeline.next(due))
      }
    }
    return { occurrences, missed, cursor, more: false }
  }

  #resume(item: Item, due: Instant | undefined): void {
    if (due === undefined) {
      this.#heap.remove(item)
    } else {
      item.due = due
      this.#heap.place(item)
    }
  }
}
