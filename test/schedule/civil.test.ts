import fc from 'fast-check'
import { expect, it } from 'vitest'
import { civilDate, dayNumber, formatDate, formatTimeOfDay, weekdayOf } from '../../src/schedule/civil.ts'

const someDay = fc.integer({ min: -3_000_000, max: 3_000_000 })

it('a date and its day number stand for each other, as Date has it', () => {
  fc.assert(
    fc.property(someDay, (number) => {
      const { year, month, day } = civilDate(number)
      const date = new Date(number * 86_400_000)
      expect([year, month, day]).toEqual([date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()])
      expect(dayNumber(year, month, day)).toBe(number)
      expect(weekdayOf(number)).toBe(date.getUTCDay())
    }),
    { numRuns: 2_000 },
  )
})

it('local times are written for people', () => {
  expect(formatDate(dayNumber(2026, 12, 5))).toBe('2026-12-05')
  expect(formatTimeOfDay(dayNumber(2026, 12, 5) * 86_400 + 2 * 3600 + 30 * 60)).toBe('02:30')
  expect(formatTimeOfDay(-1)).toBe('23:59:59')
})
