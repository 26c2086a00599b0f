import type { Cursor } from '../core/cursor.ts'
import type { Instant } from '../core/instant.ts'
import type { Entry } from './entry.ts'
import type { Missed } from './missed.ts'

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
  /** How many occurrences and missed records there may be, together. */
  readonly limit: number
}

export interface Take {
  /** In the order of due, then of the entry's name. */
  readonly occurrences: readonly Occurrence[]
  readonly missed: readonly Missed[]
  /** Where this leaves the schedule, to be committed with `occurrences`; undefined when nothing was taken. */
  readonly cursor: Cursor | undefined
  /** The limit ended this: there is more that is due by `through`. */
  readonly more: boolean
}

/** Which entry is due next: all entries of a schedule, in the order of (due, name). */
export class Agenda {
  get size(): number {
    throw new Error('under construction')
  }

  /** Puts in an entry, or replaces the one of its name; its first occurrence is strictly later than `after`. */
  add(_entry: Entry, _after: Instant): void {
    throw new Error('under construction')
  }

  /** Takes an entry out; false when there was none of this name. */
  remove(_name: string): boolean {
    throw new Error('under construction')
  }

  /** When to look again; undefined = never. */
  nextDue(): Instant | undefined {
    throw new Error('under construction')
  }

  take(_options: TakeOptions): Take {
    throw new Error('under construction')
  }
}
