import { type Instant, instant } from '../core/instant.ts'
import { daySeconds } from './civil.ts'
import type { Timeline } from './timeline.ts'
import type { Zone } from './zone.ts'

/** What is cut off a timeline. */
export interface Clip {
  /** Nothing is due before `start` or after `end`; both are inclusive. */
  readonly start?: Instant | undefined
  readonly end?: Instant | undefined
  /** Nothing is due in these spans, which are in order and do not touch. */
  readonly except: readonly Span[]
}

/** From one instant to another, the first inclusive, the second not. */
export interface Span {
  readonly from: Instant
  readonly to: Instant
}

/** A timeline without what lies before its start, after its end, or in its exceptions. */
export class ClippedTimeline implements Timeline {
  readonly #whole: Timeline
  readonly #first: number
  readonly #last: number
  readonly #except: readonly Span[]

  constructor(whole: Timeline, { start, end, except }: Clip) {
    this.#whole = whole
    this.#first = start ?? Number.NEGATIVE_INFINITY
    this.#last = end ?? Number.POSITIVE_INFINITY
    this.#except = except
  }

  next(after: Instant): Instant | undefined {
    let found = this.#whole.next(instant(Math.max(after, this.#first - 1)))
    for (const { from, to } of this.#except)
      if (found !== undefined && found >= from && found < to) found = this.#whole.next(instant(to - 1))
    return found !== undefined && found <= this.#last ? found : undefined
  }

  previous(before: Instant): Instant | undefined {
    let found = this.#whole.previous(instant(Math.min(before, this.#last + 1)))
    for (const { from, to } of this.#except.toReversed())
      if (found !== undefined && found >= from && found < to) found = this.#whole.previous(from)
    return found !== undefined && found >= this.#first ? found : undefined
  }

  count(after: Instant, through: Instant, limit: number): number {
    const first = instant(Math.max(after, this.#first - 1))
    const last = instant(Math.min(through, this.#last))
    let count = 0
    let from = first
    for (const span of this.#except) {
      if (span.from > last || count >= limit) break
      count += this.#whole.count(from, instant(span.from - 1), limit)
      from = instant(Math.max(from, span.to - 1))
    }
    return Math.min(limit, count + this.#whole.count(from, last, limit))
  }
}

/** The spans of UTC in which a zone's calendar shows one of these days; a day that a zone skipped has none. */
export function spansOfDays(days: Iterable<number>, zone: Zone): Span[] {
  const spans: Span[] = []
  for (const day of [...new Set(days)].sort((a, b) => a - b)) {
    const midnight = day * daySeconds
    // No offset is more than a day: the local day lies within three days of UTC.
    for (let at = midnight - daySeconds; at < midnight + 2 * daySeconds; ) {
      const { start, end, offset } = zone.segmentAt(at)
      const from = Math.max(start, midnight - offset)
      const to = Math.min(end, midnight + daySeconds - offset)
      if (from < to) spans.push({ from: instant(from * 1000), to: instant(to * 1000) })
      at = end
    }
  }
  return merged(spans)
}

function merged(spans: readonly Span[]): Span[] {
  const result: Span[] = []
  for (const span of spans.toSorted((a, b) => a.from - b.from)) {
    const last = result.at(-1)
    if (last && span.from <= last.to) result[result.length - 1] = { from: last.from, to: span.to }
    else result.push(span)
  }
  return result
}
