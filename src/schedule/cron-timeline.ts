import { type Instant, instant } from '../core/instant.ts'
import type { CronFields } from './cron-fields.ts'
import { countBetween, firstFrom, lastThrough } from './cron-search.ts'
import type { Timeline } from './timeline.ts'
import type { Segment, Zone } from './zone.ts'

/**
 * When a cron expression is due in a zone. A civil time L that matches the expression's fields
 *
 * 1. and exists once is due at its instant;
 * 2. and exists twice (clocks went back, a fold) is due at the first, and at the second only if the expression is
 *    `dense`: every hour, or a minute or second field that begins with `*`;
 * 3. and does not exist (clocks went forward, a gap) is due at the first instant after the gap, once for all such L and
 *    together with what is due there anyway. Not so where every hour is named: their cadence has no hole in real time.
 *    Not so either in a gap of more than three hours: that was a move across the date line, and the day never was.
 *
 * So what has restricted hours runs exactly once on every day that exists, and what runs every hour or every minute
 * keeps its distance in real time. Rule 3 is what cron(8) does: no later than necessary, and in the order of the clock.
 *
 * Each segment of the zone is looked at on its own, and what is due in it follows from the segment alone. Hence the
 * answers depend on nothing but expression, zone and instant, and `previous` walks the very set that `next` walks.
 */
export class CronTimeline implements Timeline {
  readonly fields: CronFields
  readonly zone: Zone

  constructor(fields: CronFields, zone: Zone) {
    this.fields = fields
    this.zone = zone
  }

  next(after: Instant): Instant | undefined {
    let from = Math.max(Math.floor(after / 1000) + 1, firstSecond)
    while (from <= lastSecond) {
      const segment = this.zone.segmentAt(from)
      if (from === segment.start && this.skippedBefore(segment) !== undefined) return toInstant(from)
      const local = firstFrom(this.fields, Math.max(from + segment.offset, this.#firstLocal(segment)))
      if (local === undefined) return undefined
      const found = local - segment.offset
      if (found < segment.end) return found <= lastSecond ? toInstant(found) : undefined
      const isPastFolds = segment.end - from >= farSeconds
      from = isPastFolds ? Math.max(segment.end, found - farSeconds) : segment.end
    }
    return undefined
  }

  previous(before: Instant): Instant | undefined {
    let through = Math.min(Math.ceil(before / 1000) - 1, lastSecond)
    while (through >= firstSecond) {
      const segment = this.zone.segmentAt(through)
      const local = lastThrough(this.fields, through + segment.offset)
      if (local === undefined) return undefined
      const found = local - segment.offset
      if (local >= this.#firstLocal(segment)) return found >= firstSecond ? toInstant(found) : undefined
      if (this.skippedBefore(segment) !== undefined) return toInstant(segment.start)
      const isBeforeFolds = through - segment.start >= farSeconds
      through = isBeforeFolds ? Math.min(segment.start - 1, found + farSeconds) : segment.start - 1
    }
    return undefined
  }

  count(after: Instant, through: Instant, limit: number): number {
    const end = Math.min(Math.floor(through / 1000), lastSecond)
    let from = Math.max(Math.floor(after / 1000) + 1, firstSecond)
    let count = 0
    while (from <= end && count < limit) {
      const segment = this.zone.segmentAt(from)
      const firstLocal = Math.max(from + segment.offset, this.#firstLocal(segment))
      const lastLocal = Math.min(end, segment.end - 1) + segment.offset
      count += countBetween(this.fields, firstLocal, lastLocal)
      const isGapRun = from === segment.start && this.skippedBefore(segment) !== undefined
      if (isGapRun && !this.matches(segment.start + segment.offset)) count += 1
      from = segment.end
    }
    return Math.min(count, limit)
  }

  /** Whether the expression names this local time. */
  matches(local: number): boolean {
    return firstFrom(this.fields, local) === local
  }

  /**
   * The first matching local time in the gap before a segment, for which its start is due (rule 3); undefined = none.
   */
  skippedBefore(segment: Segment): number | undefined {
    const gap = segment.offset - segment.before
    if (gap <= 0 || gap > longestGapSeconds || this.fields.everyHour) return undefined
    const local = firstFrom(this.fields, segment.start + segment.before)
    return local !== undefined && local < segment.start + segment.offset ? local : undefined
  }

  /**
   * From which local time on a segment counts: after the part that its fold repeats, unless that counts too (rule 2).
   */
  #firstLocal(segment: Segment): number {
    return segment.start + (this.fields.dense ? segment.offset : Math.max(segment.offset, segment.before))
  }
}

const longestGapSeconds = 3 * 3600

/**
 * When no match is left in a segment, the search goes on near the next match instead of segment by segment. Local times
 * of different offsets overlap by a day at the most, so that three days are a safe distance on either side.
 */
const farSeconds = 3 * 86_400

/** The years 1 to 9999; nothing is due outside. */
const firstSecond = Date.parse('0001-01-01T00:00:00Z') / 1000
const lastSecond = Date.parse('9999-12-31T23:59:59Z') / 1000

function toInstant(second: number): Instant {
  return instant(second * 1000)
}
