import { describe, expect, it } from 'vitest'
import { toIso } from '../../src/core/instant.ts'
import { dayNumber } from '../../src/schedule/civil.ts'
import { parseLocalDate, parseLocalDateTime } from '../../src/schedule/local-time.ts'
import { isProblem } from '../../src/schedule/timing-problem.ts'

function read(text: string, timezone: string): string {
  const result = parseLocalDateTime(text, timezone)
  if (isProblem(result))
    return `expected ${result.expected}, got ${result.got}${result.hint ? `; ${result.hint}` : ''}`
  return toIso(result.at) + (result.remark ? `; ${result.remark}` : '')
}

describe('a local time becomes an instant', () => {
  it.each([
    ['2027-01-01T09:00', 'Europe/Berlin', '2027-01-01T08:00:00.000Z'],
    ['2027-07-01 09:00:30', 'Europe/Berlin', '2027-07-01T07:00:30.000Z'],
    ['2027-07-01T09:00:30.5', 'UTC', '2027-07-01T09:00:30.500Z'],
    ['2027-07-01T09:00Z', 'Europe/Berlin', '2027-07-01T09:00:00.000Z'],
    ['2027-07-01T09:00:00-05:30', 'Europe/Berlin', '2027-07-01T14:30:00.000Z'],
    ['2027-07-01 09:00 +0200', 'UTC', '2027-07-01T07:00:00.000Z'],
    [
      '2026-03-29T02:30',
      'Europe/Berlin',
      '2026-03-29T01:00:00.000Z; 2026-03-29 02:30 does not exist in Europe/Berlin; 2026-03-29 03:00 is taken',
    ],
    [
      '2011-12-30T12:00',
      'Pacific/Apia',
      '2011-12-30T10:00:00.000Z; 2011-12-30 12:00 does not exist in Pacific/Apia; 2011-12-31 00:00 is taken',
    ],
    [
      '2026-10-25T02:30',
      'Europe/Berlin',
      '2026-10-25T00:30:00.000Z; 2026-10-25 02:30 comes twice in Europe/Berlin; the first is taken',
    ],
  ])('%s in %s', (text, timezone, expected) => expect(read(text, timezone)).toBe(expected))
})

describe('what is no time is a problem', () => {
  const expected = 'expected a time as in 2027-01-01T09:00'
  it.each([
    ['tomorrow', `${expected}, got tomorrow`],
    ['2027-01-01', `${expected}, got 2027-01-01; add the time of day: 2027-01-01T00:00`],
    ['2027-02-29T09:00', `${expected}, got 2027-02-29T09:00; that month has 28 days`],
    ['2027-13-01T09:00', `${expected}, got 2027-13-01T09:00; there is no month 13`],
    ['2027-13-01', `${expected}, got 2027-13-01; there is no month 13`],
    ['2027-01-01T24:00', `${expected}, got 2027-01-01T24:00; the time of day is 00:00:00 to 23:59:59`],
    ['2027-01-01T09:00+99:00', `${expected}, got 2027-01-01T09:00+99:00`],
  ])('%s', (text, message) => expect(read(text, 'UTC')).toBe(message))
})

it('a date is the number of its day, or a problem', () => {
  expect(parseLocalDate('2026-12-25')).toBe(dayNumber(2026, 12, 25))
  expect(parseLocalDate('2028-02-29')).toBe(dayNumber(2028, 2, 29))
  expect(parseLocalDate('25.12.2026')).toEqual({ expected: 'a date as in 2026-12-25', got: '25.12.2026' })
  expect(parseLocalDate('2026-04-31')).toMatchObject({ hint: 'that month has 30 days' })
})
