import { type Cursor, emittedThrough } from '../core/cursor.ts'
import { type Instant, instant } from '../core/instant.ts'
import type { MissedOccurrences } from './missed-by-edit.ts'

/**
 * What has been told as missed, though it lies beyond the cursor: many that are late go in several emissions, and each
 * is judged as a whole when the first of it comes up. When a later emission fails, or another term begins, the rest is
 * derived from the cursor, and this keeps it from being told a second time.
 */
export class ToldMissed {
  readonly #through = new Map<string, Instant>()
  #latest = instant(0)

  add(missed: readonly MissedOccurrences[]): void {
    for (const { entry, last } of missed) {
      this.#through.set(entry, later(last, this.#through.get(entry)))
      this.#latest = later(last, this.#latest)
    }
  }

  /** Through when nothing of this entry is left to do: it is emitted, or told. */
  doneThrough(cursor: Cursor, entry: string): Instant {
    return later(emittedThrough(cursor, entry), this.#through.get(entry))
  }

  /** The cursor says as much from here on. */
  reached(cursor: Cursor): void {
    if (cursor.due > this.#latest) this.clear()
  }

  /** What was told of times to come was told by a clock that was wrong. */
  believeOnly(now: Instant): void {
    if (this.#latest > now) this.clear()
  }

  clear(): void {
    this.#through.clear()
    this.#latest = instant(0)
  }
}

function later(a: Instant, b: Instant | undefined): Instant {
  return b === undefined || a > b ? a : b
}
