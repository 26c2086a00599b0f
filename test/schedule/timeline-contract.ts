import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Instant, instant } from '../../src/core/instant.ts'
import type { Timeline } from '../../src/schedule/timeline.ts'

/** What every timeline promises, looked at between two instants. */
export function timelineContract(make: () => Timeline, from: Instant, through: Instant): void {
  const someInstant = fc.integer({ min: from, max: through }).map(instant)
  const check = (rule: (at: Instant, timeline: Timeline) => void): void => {
    const timeline = make()
    fc.assert(fc.property(someInstant, (at) => rule(at, timeline)))
  }

  it('next is strictly later, and previous strictly earlier', () => {
    check((at, timeline) => {
      expect(timeline.next(at) ?? Number.POSITIVE_INFINITY).toBeGreaterThan(at)
      expect(timeline.previous(at) ?? Number.NEGATIVE_INFINITY).toBeLessThan(at)
    })
  })

  it('from anywhere between two neighbours, next gives the later and previous the earlier', () => {
    check((at, timeline) => {
      const later = timeline.next(at)
      const earlier = timeline.previous(instant(at + 1))
      if (later !== undefined) expect(timeline.previous(later)).toBe(earlier)
      if (earlier !== undefined) expect(timeline.next(earlier)).toBe(later)
      if (later !== undefined) expect(timeline.next(instant(later - 1))).toBe(later)
    })
  })

  it('a timeline made anew gives the same answers', () => {
    check((at, timeline) => {
      expect(make().next(at)).toBe(timeline.next(at))
      expect(make().previous(at)).toBe(timeline.previous(at))
    })
  })

  it('count counts what next walks, up to the limit', () => {
    const timeline = make()
    fc.assert(
      fc.property(someInstant, someInstant, fc.integer({ min: 0, max: 60 }), (after, end, limit) => {
        let walked = 0
        for (
          let at = timeline.next(after);
          at !== undefined && at <= end && walked < limit;
          at = timeline.next(at)
        )
          walked += 1
        expect(timeline.count(after, end, limit)).toBe(walked)
      }),
    )
  })
}
