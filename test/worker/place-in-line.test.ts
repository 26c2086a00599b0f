import fc from 'fast-check'
import { expect, test } from 'vitest'
import { milliseconds } from '../../src/core/instant.ts'
import { placeInLine } from '../../src/worker/place-in-line.ts'

const ms = milliseconds

/** So many that come at once, each after the one before. */
function line(count: number, by: { readonly apart?: number; readonly every?: number }): number[] {
  const now = ms(1_000)
  let last = ms(0)
  return Array.from({ length: count }, () => {
    const place = placeInLine({
      now,
      last,
      random: () => 0.5,
      ...(by.apart === undefined ? {} : { apart: ms(by.apart) }),
      ...(by.every === undefined ? {} : { every: ms(by.every) }),
    })
    if (!place.random) last = place.at
    return place.at - now
  })
}

test.each([
  ['as far apart as the rate says', { apart: 6_000 }, [6_000, 12_000, 18_000]],
  ['twice as often as runs end', { every: 1_000 }, [500, 1_000, 1_500]],
  ['not more often than every 5 ms', { every: 1 }, [5, 10, 15]],
  ['every two seconds at the least', { every: 3_600_000 }, [2_000, 4_000, 6_000]],
  ['at the slower of the two', { apart: 6_000, every: 1_000 }, [6_000, 12_000, 18_000]],
] as const)('those who are given back come again %s', (_how, by, expected) => {
  expect(line(3, by)).toEqual(expected)
})

test('a line is kept for ten minutes; who would come later comes to look in the second half of them', () => {
  const places = line(1_000, { apart: 6_000 })
  expect(places.slice(0, 100)).toEqual(Array.from({ length: 100 }, (_, place) => (place + 1) * 6_000))
  expect(new Set(places.slice(100))).toEqual(new Set([450_000]))
})

test('nobody comes at once, and nobody later than in ten minutes', () => {
  fc.assert(
    fc.property(
      fc.record({
        now: fc.integer({ min: 0, max: 1e9 }).map(ms),
        last: fc.integer({ min: 0, max: 1e9 }).map(ms),
        apart: fc.option(fc.double({ min: 0.06, max: 8.64e7, noNaN: true }).map(ms), { nil: ms(1) }),
        every: fc.double({ min: 0, max: 8.64e7, noNaN: true }).map(ms),
        random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }).map((value) => () => value),
      }),
      (request) => {
        const { at } = placeInLine(request)
        expect(at).toBeGreaterThan(request.now)
        expect(at - request.now).toBeLessThanOrEqual(600_000)
      },
    ),
  )
})
