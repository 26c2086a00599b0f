import { describe, expect, it } from 'vitest'
import { cronWarnings } from '../../src/schedule/cron-warnings.ts'
import { dstRemark } from '../../src/schedule/dst-remark.ts'
import { at, makeEntry } from './make-spec.ts'

const now = at('2026-11-22T14:00:00Z')

describe('what is legal and suspicious', () => {
  it.each([
    [
      '0 4 1 * 1',
      'UTC',
      [
        'day of month (1) and day of week (1) are both restricted: it runs on days that match either, not only on those that match both',
      ],
    ],
    [
      '*/35 * * * *',
      'UTC',
      ['*/35 in the minute field begins again at 0, only 25 after 35; for even distances write every: 35m'],
    ],
    [
      '0 */5 * * *',
      'UTC',
      ['*/5 in the hour field begins again at 0, only 4 after 20; for even distances write every: 5h'],
    ],
    ['*/60 * * * *', 'UTC', ['*/60 in the minute field is the same as 0']],
    [
      '30 2 * * *',
      'Europe/Berlin',
      ['02:30 does not exist on 2027-03-28 in Europe/Berlin; it runs at 03:00 on that day'],
    ],
    ['30 2 * * 1-5', 'Europe/Berlin', []],
    ['30 * * * *', 'Europe/Berlin', []],
    ['*/15 9-17 * * *', 'America/New_York', []],
    ['0 0 1 * ?', 'UTC', []],
    ['nonsense', 'UTC', []],
  ])('%s in %s', (expression, timezone, expected) => {
    expect(cronWarnings(expression, timezone, now)).toEqual(expected)
  })
})

describe('what a change of the clocks does to an occurrence', () => {
  it.each([
    ['30 2 * * *', '2026-03-29T01:00:00Z', '02:30 does not exist on this day; runs at 03:00'],
    ['30 2 * * *', '2026-03-30T00:30:00Z', undefined],
    ['30 2 * * *', '2026-10-25T00:30:00Z', '02:30 comes twice on this day; runs at the first'],
    ['*/30 2 * * *', '2026-10-25T00:30:00Z', undefined],
    ['30 * * * *', '2026-10-25T00:30:00Z', undefined],
    ['0 3 * * *', '2026-03-29T01:00:00Z', undefined],
  ])('%s at %s', (expression, due, expected) => {
    const entry = makeEntry({ timings: [{ kind: 'cron', expression }], timezone: 'Europe/Berlin' })
    expect(dstRemark(entry, at(due))).toBe(expected)
  })
})
