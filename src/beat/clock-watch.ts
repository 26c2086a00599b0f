import type { Clock } from '../core/clock.ts'
import { type Instant, type Milliseconds, milliseconds } from '../core/instant.ts'
import type { BeatEvent } from './beat-event.ts'

/** Below this it is no step: two readings are never taken at once, and clocks are slewed. */
const stepMs = 1_000

/** A step forward by more than this is believed only once the clock has kept still for a while. */
const incredibleStepMs = 3_600_000

/** How long a clock keeps still before a surprising time is believed. */
export const steadyEnough: Milliseconds = milliseconds(60_000)

/** The clock as it was at one look. */
export interface ClockLook {
  readonly now: Instant
  /** For how long it has not been stepped. */
  readonly steadyFor: Milliseconds
  /** It went far ahead not long ago: a machine that woke up, or a clock that is wrong. */
  readonly suspect: boolean
}

/**
 * Notices that the wall clock was set, by comparing it with the monotonic one, and tells. A machine that slept looks the same:
 * its monotonic clock stood still.
 */
export class ClockWatch {
  readonly #clock: Clock
  readonly #emit: (event: BeatEvent) => void
  #offset: number
  /** The offset that was last believed; when the clock returns to it, nothing is suspect any more. */
  #believed: number
  #steadySince: Milliseconds
  #suspect = false

  constructor(clock: Clock, emit: (event: BeatEvent) => void) {
    this.#clock = clock
    this.#emit = emit
    this.#steadySince = clock.monotonic()
    this.#offset = clock.now() - this.#steadySince
    this.#believed = this.#offset
  }

  look(): ClockLook {
    const now = this.#clock.now()
    const monotonic = this.#clock.monotonic()
    const offset = now - monotonic
    const moved = offset - this.#offset
    const stepped = Math.abs(moved) > stepMs
    this.#offset = offset
    if (stepped) this.#steadySince = monotonic
    const steadyFor = milliseconds(monotonic - this.#steadySince)
    const suspect = offset - this.#believed > incredibleStepMs && steadyFor < steadyEnough
    if (!suspect) this.#believed = offset
    if (stepped) this.#emit({ kind: 'clockStepped', by: milliseconds(Math.round(moved)), now, suspect })
    if (this.#suspect && !suspect) this.#emit({ kind: 'clockStable' })
    this.#suspect = suspect
    return { now, steadyFor, suspect }
  }
}
