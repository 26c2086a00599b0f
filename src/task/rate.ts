import { type Milliseconds, milliseconds } from '../core/instant.ts'

/** So many runs may start in so much time: `10/m`. */
export interface Rate {
  readonly count: number
  readonly per: Milliseconds
}

const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const largestCount = 1_000_000

/** A rate as it is written, `5/s`, `10/m`, `100/h`, `3/d`; or a hint for whoever wrote something else. */
export function parseRate(text: string): Rate | { readonly hint?: string } {
  const [, digits = '', unit = ''] = /^(\d{1,9})\/([a-z]+)$/.exec(text) ?? []
  const per = units[unit]
  if (digits === '')
    return /^\d+$/.test(text) ? { hint: `in what time? write ${text}/s, ${text}/m or ${text}/h` } : {}
  if (per === undefined) return { hint: 'a rate is per s, m, h or d' }
  const count = Number(digits)
  return count >= 1 && count <= largestCount ? { count, per: milliseconds(per) } : {}
}

/**
 * How far a task has used up its rate: a token bucket, kept as the one number that describes it (the generic cell rate
 * algorithm): when, on the monotonic clock, the next run would start if all came evenly.
 */
export interface Pace {
  readonly next: Milliseconds
}

export const unused: Pace = { next: milliseconds(Number.NEGATIVE_INFINITY) }

/**
 * How late a run may start without that the time is lost to those after it. It is also how much too early one may
 * start: so many more than its rate says start in any stretch of time.
 */
const slack = milliseconds(500)

/** How long it takes until a run may start; 0 = it may now. */
export function timeUntilStart({ next }: Pace, now: Milliseconds): Milliseconds {
  return milliseconds(Math.max(0, next - now))
}

/** A run started. */
export function paceAfterStart({ next }: Pace, { count, per }: Rate, now: Milliseconds): Pace {
  return { next: milliseconds(Math.max(next, now - slack) + per / count) }
}
