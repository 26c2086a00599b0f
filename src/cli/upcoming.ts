import { type Instant, instant } from '../core/instant.ts'
import type { Occurrence } from '../schedule/agenda.ts'
import { DueHeap, type DueItem } from '../schedule/due-heap.ts'
import { compileEntry, type Entry } from '../schedule/entry.ts'
import type { EntrySpec } from '../schedule/entry-spec.ts'
import { nextStart as nextStartOf } from '../schedule/next-start.ts'

export interface Range {
  /** Strictly after it. */
  readonly from: Instant
  /** Up to and including it; undefined = without an end. */
  readonly to?: Instant | undefined
  readonly limit: number
  /** What is looked at and put in order: the slot, or when it shall start, jitter included. */
  readonly by: 'due' | 'eta'
}

export interface Upcoming {
  /** In the order asked for, then of the entries' names. */
  readonly occurrences: readonly Occurrence[]
  /** The limit ended this. */
  readonly more: boolean
}

interface Item extends DueItem {
  readonly entry: Entry
  slot: Instant
}

/** What these entries have coming, read from their timelines alone: nothing is emitted, missed or judged. */
export function upcoming(entries: Iterable<Entry>, { from, to, limit, by }: Range): Upcoming {
  const keyOf = (entry: Entry, due: Instant): Instant => (by === 'due' ? due : entry.etaOf(due))
  const heap = new DueHeap<Item>()
  for (const entry of entries) {
    // The offset of an entry's jitter is the same each time.
    const offset = keyOf(entry, from) - from
    const slot = entry.timeline.next(instant(from - offset))
    if (slot !== undefined)
      heap.place({ name: entry.spec.name, entry, slot, due: keyOf(entry, slot), place: -1 })
  }
  const occurrences: Occurrence[] = []
  for (let item = heap.first; item && (to === undefined || item.due <= to); item = heap.first) {
    if (occurrences.length === limit) return { occurrences, more: true }
    const { entry, slot } = item
    occurrences.push({ entry, due: slot })
    const next = entry.timeline.next(slot)
    if (next === undefined) heap.remove(item)
    else {
      item.slot = next
      item.due = keyOf(entry, next)
      heap.place(item)
    }
  }
  return { occurrences, more: false }
}

/** When an entry that is not compiled yet starts next; undefined = never. */
export function nextStart(spec: EntrySpec, now: Instant): Instant | undefined {
  return nextStartOf(compileEntry(spec), now)
}
