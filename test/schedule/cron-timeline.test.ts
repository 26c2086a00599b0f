import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Instant, instant, toIso } from '../../src/core/instant.ts'
import { cronTimeline } from '../../src/schedule/cron-cache.ts'
import { CronTimeline } from '../../src/schedule/cron-timeline.ts'
import { parseCron } from '../../src/schedule/parse-cron.ts'
import { isProblem } from '../../src/schedule/timing-problem.ts'
import { zoneOf } from '../../src/schedule/zone.ts'
import { at } from './make-spec.ts'
import { timelineContract } from './timeline-contract.ts'

/** Days on which clocks changed in every way they do: by half an hour to a day, at any hour, both ways. */
const changes: readonly (readonly [zone: string, around: string])[] = [
  ['Europe/Berlin', '2026-03-29'],
  ['Europe/Berlin', '2026-10-25'],
  ['America/New_York', '2026-03-08'],
  ['America/New_York', '2026-11-01'],
  ['Australia/Lord_Howe', '2026-04-05'],
  ['Australia/Lord_Howe', '2026-10-04'],
  ['Antarctica/Troll', '2026-03-29'],
  ['Antarctica/Troll', '2026-10-25'],
  ['America/Nuuk', '2026-03-28'],
  ['America/Nuuk', '2026-10-24'],
  ['America/Havana', '2026-03-08'],
  ['America/Havana', '2026-11-01'],
  ['Asia/Amman', '2022-02-25'],
  ['Asia/Amman', '2021-10-29'],
  ['America/St_Johns', '2010-03-14'],
  ['America/St_Johns', '2010-11-07'],
  ['Pacific/Chatham', '2026-04-05'],
  ['Pacific/Chatham', '2026-09-27'],
  ['Pacific/Apia', '2011-12-30'],
  ['Pacific/Kwajalein', '1993-08-21'],
  ['Africa/Casablanca', '2026-02-15'],
  ['Africa/Casablanca', '2026-03-22'],
  ['Asia/Pyongyang', '2018-05-04'],
  ['America/Sao_Paulo', '2018-11-04'],
  ['America/Sao_Paulo', '2018-02-18'],
]

const expressions = ['30 2 * * *', '15 * * * *', '*/30 0,1,23 * * *']

describe('around a change of the clocks', () => {
  for (const [zone, date] of changes) {
    describe(`in ${zone}, ${date}`, () => {
      const middle = at(`${date}T12:00:00Z`)
      const [from, through] = [instant(middle - 2 * day), instant(middle + 2 * day)]
      const minutes = minutesOf(zone, from, through)

      it('what is due is what the rules say, minute by minute', () => {
        fc.assert(
          fc.property(someTimes, ({ expression, hours, minutes: named, dense }) => {
            const timeline = makeTimeline(expression, zone)
            const expected = dueByTheRules(minutes, hours, named, dense)
            expect(walk(timeline, from, through)).toEqual(expected.map((due) => toIso(due)))
          }),
          { numRuns: 40 },
        )
      })

      for (const expression of expressions)
        describe(expression, () => timelineContract(() => makeTimeline(expression, zone), from, through))
    })
  }
})

describe('over the years', () => {
  it.each([
    ['0 0 29 2 *', 'America/New_York', '2096-03-01T00:00:00Z', '2104-02-29T05:00:00.000Z'],
    ['0 0 * 2 1#5', 'UTC', '2072-03-01T00:00:00Z', '2112-02-29T00:00:00.000Z'],
    ['0 12 1 1 *', 'Europe/Berlin', '0001-01-01T00:00:00Z', '0001-01-01T11:06:32.000Z'],
    ['0 0 1 1 *', 'UTC', '-002000-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['0 12 1 7 *', 'Europe/Berlin', '9998-12-31T00:00:00Z', '9999-07-01T10:00:00.000Z'],
  ])('%s in %s after %s', (expression, zone, start, expected) => {
    const next = makeTimeline(expression, zone).next(at(start))
    expect(next === undefined ? 'never' : toIso(next)).toBe(expected)
  })

  it('nothing is due after the year 9999, nor before the year 1', () => {
    const timeline = makeTimeline('* * * * *', 'Europe/Berlin')
    expect(timeline.next(at('9999-12-31T23:59:00Z'))).toBeUndefined()
    expect(timeline.previous(at('0001-01-01T00:00:00Z'))).toBeUndefined()
    expect(timeline.next(instant(8.64e15))).toBeUndefined()
    expect(timeline.previous(instant(8.64e15))).toBe(at('9999-12-31T23:59:00Z'))
  })

  it('a year of seconds is counted without walking it', () => {
    const timeline = makeTimeline('* * * * * *', 'Europe/Berlin')
    expect(timeline.count(at('2026-01-01T00:00:00Z'), at('2027-01-01T00:00:00Z'), 1e9)).toBe(365 * 86_400)
  })

  it('one expression in one zone is one timeline', () => {
    expect(cronTimeline('0 5 * * *', 'UTC')).toBe(cronTimeline('0 5 * * *', 'UTC'))
    expect(cronTimeline('0 5 * * *', 'UTC')).not.toBe(cronTimeline('0 5 * * *', 'Europe/Berlin'))
  })

  describe('monthly', () => {
    timelineContract(
      () => makeTimeline('0 7 L * *', 'Europe/Berlin'),
      at('2020-01-01T00:00:00Z'),
      at('2030-01-01T00:00:00Z'),
    )
  })
})

const day = 86_400_000

function makeTimeline(expression: string, zone: string): CronTimeline {
  const fields = parseCron(expression)
  if (isProblem(fields)) throw new Error(`${expression}: expected ${fields.expected}, got ${fields.got}`)
  return new CronTimeline(fields, zoneOf(zone))
}

function walk(timeline: CronTimeline, from: Instant, through: Instant): string[] {
  const found: string[] = []
  for (let due = timeline.next(from); due !== undefined && due <= through; due = timeline.next(due))
    found.push(toIso(due))
  return found
}

const someTimes = fc
  .record({
    hours: fc.oneof(
      fc.constant('every' as const),
      fc.uniqueArray(fc.integer({ min: 0, max: 23 }), { minLength: 1, maxLength: 6 }),
    ),
    step: fc.constantFrom(undefined, 1, 5, 7, 15, 30),
    minutes: fc.uniqueArray(fc.integer({ min: 0, max: 59 }), { minLength: 1, maxLength: 4 }),
  })
  .map(({ hours, step, minutes }) => ({
    expression: `${step ? `*/${step}` : minutes.join(',')} ${hours === 'every' ? '*' : hours.join(',')} * * *`,
    hours: new Set(hours === 'every' ? Array.from({ length: 24 }, (_, hour) => hour) : hours),
    minutes: new Set(
      step ? Array.from({ length: Math.ceil(60 / step) }, (_, index) => index * step) : minutes,
    ),
    dense: step !== undefined || hours === 'every',
  }))

interface Minute {
  readonly due: Instant
  /** Its local time in minutes since 1970. */
  readonly local: number
}

/** Each minute with what the clock shows then, straight from Intl. */
function minutesOf(zone: string, from: Instant, through: Instant): Minute[] {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  })
  const minutes: Minute[] = []
  for (let due = from + 60_000; due <= through; due += 60_000) {
    const shown = Object.fromEntries(
      format.formatToParts(due).map(({ type, value }) => [type, Number(value)]),
    )
    const { year = 0, month = 0, day: date = 0, hour = 0, minute = 0 } = shown
    minutes.push({ due: instant(due), local: Date.UTC(year, month - 1, date, hour, minute) / 60_000 })
  }
  return minutes
}

/** The rules above CronTimeline, one minute after the other. */
function dueByTheRules(
  minutes: readonly Minute[],
  hours: ReadonlySet<number>,
  named: ReadonlySet<number>,
  dense: boolean,
): Instant[] {
  const matches = (local: number): boolean => hours.has(Math.floor(local / 60) % 24) && named.has(local % 60)
  const shown = new Set<number>()
  let before = (minutes[0]?.local ?? 0) - 1
  return minutes.flatMap(({ due, local }) => {
    const gap = Array.from({ length: Math.max(0, local - before - 1) }, (_, index) => before + 1 + index)
    before = local
    const isMadeUp = gap.length > 0 && gap.length <= 180 && hours.size < 24 && gap.some(matches)
    const isRepeated = shown.has(local)
    shown.add(local)
    return (matches(local) && (dense || !isRepeated)) || isMadeUp ? [due] : []
  })
}
