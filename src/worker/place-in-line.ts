import type { Random } from '../core/backoff.ts'
import { type Milliseconds, milliseconds } from '../core/instant.ts'

export interface LineRequest {
  /** All on the monotonic clock. */
  readonly now: Milliseconds
  /** The last place that was given, or when the next run starts that waits already. */
  readonly last: Milliseconds
  /** How far apart runs of the task start, by its rate. */
  readonly apart?: Milliseconds
  /** How often one of its runs ends, as far as can be said. */
  readonly every?: Milliseconds
  readonly random: Random
}

export interface LinePlace {
  readonly at: Milliseconds
  /** It is no place of its own, but one where the line is looked at again. */
  readonly random: boolean
}

/** Beyond this the line is not kept: limits change with a reload, and a worker that stops has forgotten it. */
const longestLine = milliseconds(600_000)
/** Between two that wait for runs of unknown length to end. */
const leastPause = milliseconds(5)
const longestPause = milliseconds(2_000)

/**
 * When a delivery that may not start now shall come again: after those before it, as far behind them as runs of its
 * task start. Where it waits for a run to end it comes twice as often, for when that is nobody knows. Pure.
 */
export function placeInLine({ now, last, apart, every, random }: LineRequest): LinePlace {
  const pause = every === undefined ? 0 : Math.min(Math.max(every / 2, leastPause), longestPause)
  const at = Math.max(now, last) + Math.max(apart ?? 0, pause)
  if (at - now <= longestLine) return { at: milliseconds(at), random: false }
  return { at: milliseconds(now + longestLine * (0.5 + random() / 2)), random: true }
}
