import type { Cursor } from '../core/cursor.ts'
import { between, type Milliseconds, milliseconds, plus } from '../core/instant.ts'
import type { BeatEvent } from './beat-event.ts'
import type { ClockLook } from './clock-watch.ts'

/**
 * What the clock forbids.
 *
 * | hold         | meaning                                                         | until                           |
 * |--------------|-----------------------------------------------------------------|---------------------------------|
 * | clockSuspect | it leapt ahead, and may leap back                               | it has kept still for a minute  |
 * | clockBehind  | it is behind what has been emitted; nothing is due by it        | it has caught up                |
 * | cursorAhead  | it is so far behind that it must have been wrong before, or now | the cursor is set, or it is set |
 */
export type ClockHold = 'clockSuspect' | 'clockBehind' | 'cursorAhead'

/** A cursor this far ahead was committed by a clock that was wrong. */
const incredibleLead = milliseconds(3 * 3_600_000)
/** Two hosts' clocks differ, and a cursor is committed a moment after the clock was read. */
const tolerance = milliseconds(1_000)

/** Compares the clock with the cursor, and tells when that begins and ceases to forbid something. */
export class ClockGate {
  readonly #lookahead: Milliseconds
  readonly #emit: (event: BeatEvent) => void
  #hold: ClockHold | undefined

  constructor(lookahead: Milliseconds, emit: (event: BeatEvent) => void) {
    this.#lookahead = lookahead
    this.#emit = emit
  }

  get hold(): ClockHold | undefined {
    return this.#hold
  }

  judge(look: ClockLook, cursor: Cursor | undefined): ClockHold | undefined {
    const before = this.#hold
    this.#hold = look.suspect ? 'clockSuspect' : cursor && this.#compare(look, cursor)
    if (this.#hold !== before) this.#tell(before, look, cursor)
    return this.#hold
  }

  #compare({ now }: ClockLook, cursor: Cursor): ClockHold | undefined {
    const lead = between(now, cursor.due)
    if (lead > incredibleLead) return 'cursorAhead'
    return lead > this.#lookahead + tolerance ? 'clockBehind' : undefined
  }

  #tell(before: ClockHold | undefined, { now }: ClockLook, cursor: Cursor | undefined): void {
    if (this.#hold === undefined && before === 'clockBehind') this.#emit({ kind: 'clockCaughtUp' })
    if (!cursor) return
    const resumesAt = plus(cursor.due, milliseconds(-this.#lookahead))
    if (this.#hold === 'clockBehind') this.#emit({ kind: 'clockBehind', cursor, resumesAt })
    if (this.#hold === 'cursorAhead') this.#emit({ kind: 'cursorAhead', cursor, now })
  }
}
