import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { milliseconds } from '../../src/core/instant.ts'
import { paceAfterStart, parseRate, type Rate, timeUntilStart, unused } from '../../src/task/rate.ts'

test.each([
  ['5/s', 5, 1_000],
  ['10/m', 10, 60_000],
  ['100/h', 100, 3_600_000],
  ['3/d', 3, 86_400_000],
])('%s is so many in so much time', (text, count, per) => {
  expect(parseRate(text)).toEqual({ count, per })
})

test.each(['', '5', '/s', '5/', '5/y', '0/s', '-1/s', '1.5/s', '5 / s', '1000001/s', '5/S'])(
  '%j is no rate',
  (text) => {
    expect(parseRate(text)).not.toHaveProperty('count')
  },
)

/** Starts as early as the pace lets them, each after the given delay; gives when. */
function starts(rate: Rate, delays: readonly number[]): number[] {
  let pace = unused
  let now = 0
  return delays.map((delay) => {
    now += delay
    now += timeUntilStart(pace, milliseconds(now))
    pace = paceAfterStart(pace, rate, milliseconds(now))
    return now
  })
}

describe('a pace', () => {
  const perSecond: Rate = { count: 5, per: milliseconds(1_000) }

  test('spreads a crowd evenly', () => {
    const times = starts(perSecond, Array(50).fill(0))
    for (let run = 4; run < times.length; run++)
      expect((times[run] ?? 0) - (times[run - 1] ?? 0)).toBeCloseTo(200)
  })

  test('makes up for runs that start a little late', () => {
    const late = starts(perSecond, Array(300).fill(20))
    expect(late.at(-1)).toBeLessThan(60_000)
  })

  test('saves up nothing to speak of while nobody asks', () => {
    const times = starts(perSecond, [0, 3_600_000, ...Array(299).fill(0)])
    expect((times.at(-1) ?? 0) - (times[1] ?? 0)).toBeGreaterThan(59_000)
  })

  test('never lets more start in any stretch of time than the rate says, and those of half a second', () => {
    fc.assert(
      fc.property(
        fc.record({
          count: fc.integer({ min: 1, max: 1_000 }),
          per: fc.constantFrom(1_000, 60_000, 3_600_000),
        }),
        fc.array(fc.integer({ min: 0, max: 2_000 }), { minLength: 2, maxLength: 200 }),
        ({ count, per }, delays) => {
          const rate = { count, per: milliseconds(per) }
          const times = starts(rate, delays)
          for (let first = 0; first < times.length; first++) {
            for (let last = first + 1; last < times.length; last++) {
              const most = 1 + (((times[last] ?? 0) - (times[first] ?? 0) + 500) * count) / per
              expect(last - first + 1).toBeLessThanOrEqual(most + 1e-6)
            }
          }
        },
      ),
      { numRuns: 100 },
    )
  })
})
