import { type Instant, instant } from './instant.ts'

/**
 * Through when everything is emitted, as a pair, so that one crowded instant can be split: every occurrence that is
 * not after (due, entry), in the order of due and then of the entry's name, has been emitted or recorded as missed.
 */
export interface Cursor {
  readonly due: Instant
  readonly entry: string
}

/** U+FFFF is no character, so that no entry's name comes after it. */
const afterEveryName = '\uffff'

/**
 * Negative when `a` comes first, positive when `b` does, 0 when they are the
 * same: by due, then by code units of the name.
 */
export function compareCursors(a: Cursor, b: Cursor): number {
  if (a.due !== b.due) return a.due - b.due
  if (a.entry === b.entry) return 0
  return a.entry < b.entry ? -1 : 1
}

/** The cursor behind all occurrences of this instant, whichever their entries. */
export function cursorThrough(due: Instant): Cursor {
  return { due, entry: afterEveryName }
}

/** Through when this entry's own occurrences are emitted: what is due strictly later is still to come. */
export function emittedThrough(cursor: Cursor, entry: string): Instant {
  return entry <= cursor.entry ? cursor.due : instant(cursor.due - 1)
}
