import { describe, expect, it } from 'vitest'
import { instant, milliseconds, toIso } from '../../src/core/instant.ts'
import { AtTimeline, emptyTimeline } from '../../src/schedule/at-timeline.ts'
import { dayNumber } from '../../src/schedule/civil.ts'
import { ClippedTimeline, spansOfDays } from '../../src/schedule/clipped-timeline.ts'
import { cronTimeline } from '../../src/schedule/cron-cache.ts'
import { EveryTimeline } from '../../src/schedule/every-timeline.ts'
import { UnionTimeline } from '../../src/schedule/union-timeline.ts'
import { zoneOf } from '../../src/schedule/zone.ts'
import { at } from './make-spec.ts'
import { timelineContract } from './timeline-contract.ts'

const [from, through] = [at('2026-03-20T00:00:00Z'), at('2026-04-05T00:00:00Z')]
const hourly = new EveryTimeline(milliseconds(3_600_000))
const daily = cronTimeline('30 0 * * *', 'Europe/Berlin')

describe('every', () => {
  timelineContract(
    () => new EveryTimeline(milliseconds(7_000_001), at('2030-01-01T00:00:00Z')),
    from,
    through,
  )

  it('counts from the Unix epoch, before and after it', () => {
    const weekly = new EveryTimeline(milliseconds(604_800_000))
    expect(toIso(weekly.next(instant(0)))).toBe('1970-01-08T00:00:00.000Z')
    expect(toIso(weekly.previous(instant(0)))).toBe('1969-12-25T00:00:00.000Z')
  })

  it('counts from its anchor, before and after it', () => {
    const daily = new EveryTimeline(milliseconds(86_400_000), at('2026-06-01T09:00:00Z'))
    expect(toIso(daily.next(at('2026-01-01T08:59:59.999Z')))).toBe('2026-01-01T09:00:00.000Z')
    expect(toIso(daily.next(at('2027-01-01T09:00:00Z')))).toBe('2027-01-02T09:00:00.000Z')
  })

  it('counts an aeon of milliseconds at once', () => {
    expect(new EveryTimeline(milliseconds(1)).count(instant(0), instant(1e13), 1e15)).toBe(1e13)
  })
})

describe('at', () => {
  const instants = ['2026-03-25T08:00:00Z', '2026-03-21T00:00:00Z', '2026-03-25T08:00:00Z'].map(at)
  timelineContract(() => new AtTimeline(instants), from, through)
  timelineContract(() => emptyTimeline, from, through)

  it('is each instant once and in order, whatever the order written', () => {
    const timeline = new AtTimeline(instants)
    expect(timeline.next(from)).toBe(at('2026-03-21T00:00:00Z'))
    expect(timeline.next(at('2026-03-21T00:00:00Z'))).toBe(at('2026-03-25T08:00:00Z'))
    expect(timeline.next(at('2026-03-25T08:00:00Z'))).toBeUndefined()
  })
})

describe('a list', () => {
  const make = (): UnionTimeline => new UnionTimeline([hourly, daily, cronTimeline('30 */6 * * *', 'UTC')])
  timelineContract(make, from, through)

  it('is due once where several of its rules are', () => {
    const timeline = new UnionTimeline([hourly, cronTimeline('0 */6 * * *', 'UTC')])
    expect(timeline.count(from, at('2026-03-21T00:00:00Z'), 100)).toBe(24)
  })
})

describe('a timeline with start, end and exceptions', () => {
  const days = [dayNumber(2026, 3, 29), dayNumber(2026, 3, 23), dayNumber(2026, 3, 24)]
  const clip = {
    start: at('2026-03-22T12:00:00Z'),
    end: at('2026-04-02T12:00:00Z'),
    except: spansOfDays(days, zoneOf('Europe/Berlin')),
  }
  timelineContract(() => new ClippedTimeline(hourly, clip), from, through)
  timelineContract(() => new ClippedTimeline(daily, { ...clip, start: undefined }), from, through)

  it('includes its start and its end', () => {
    const timeline = new ClippedTimeline(hourly, clip)
    expect(timeline.next(from)).toBe(clip.start)
    expect(timeline.previous(through)).toBe(clip.end)
    expect(timeline.next(clip.end)).toBeUndefined()
    expect(timeline.previous(clip.start)).toBeUndefined()
  })

  it('leaves out local days, of 23 hours where clocks go forward', () => {
    expect(clip.except.map(({ from, to }) => [toIso(from), toIso(to)])).toEqual([
      ['2026-03-22T23:00:00.000Z', '2026-03-24T23:00:00.000Z'],
      ['2026-03-28T23:00:00.000Z', '2026-03-29T22:00:00.000Z'],
    ])
    const timeline = new ClippedTimeline(hourly, clip)
    expect(timeline.next(at('2026-03-22T22:00:00Z'))).toBe(at('2026-03-24T23:00:00Z'))
    expect(timeline.previous(at('2026-03-24T23:00:00Z'))).toBe(at('2026-03-22T22:00:00Z'))
  })

  it('a day that a zone skipped leaves nothing out', () => {
    expect(spansOfDays([dayNumber(2011, 12, 30)], zoneOf('Pacific/Apia'))).toEqual([])
  })

  it('a day whose last minutes come twice is left out both times, and no other', () => {
    // At 00:01 on 7 November the clocks of St. John's went back to 23:01 on the 6th.
    const spans = spansOfDays([dayNumber(2010, 11, 6)], zoneOf('America/St_Johns'))
    expect(spans.map(({ from, to }) => [toIso(from), toIso(to)])).toEqual([
      ['2010-11-06T02:30:00.000Z', '2010-11-07T02:30:00.000Z'],
      ['2010-11-07T02:31:00.000Z', '2010-11-07T03:30:00.000Z'],
    ])
  })
})
