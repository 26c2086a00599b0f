import { type Instant, instant } from '../core/instant.ts'
import { dayNumber, daySeconds, daysInMonth, formatLocal } from './civil.ts'
import type { TimingProblem } from './timing-problem.ts'
import { type Zone, zoneOf } from './zone.ts'

/** A written time, understood. */
export interface LocalDateTime {
  readonly at: Instant
  /** That the time does not exist in its zone, or exists twice, and what is taken instead. */
  readonly remark?: string
}

const datePattern = /^(\d{4})-(\d\d)-(\d\d)$/
const dateTimePattern =
  /^(\d{4}-\d\d-\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?(?: ?(Z|[+-](?:0\d|1[0-5])(?::?[0-5]\d)?))?$/i

/** `2026-12-25` as the number of its day; the form that `except` is kept in is `formatDate` of it. */
export function parseLocalDate(text: string): number | TimingProblem {
  const problem = { expected: 'a date as in 2026-12-25', got: text }
  const match = datePattern.exec(text)
  if (!match) return problem
  const [year, month, day] = match.slice(1).map(Number) as [number, number, number]
  if (month < 1 || month > 12) return { ...problem, hint: `there is no month ${month}` }
  if (day < 1 || day > daysInMonth(year, month))
    return { ...problem, hint: `that month has ${daysInMonth(year, month)} days` }
  return dayNumber(year, month, day)
}

/**
 * `2027-01-01T09:00`, seconds and their decimals optional, a space for the T allowed: the clock of the zone, unless the
 * text carries an offset (`Z`, `+01:00`). A time that a zone skips becomes the first instant after the gap; of one that
 * comes twice the first is taken; `remark` says so. Throws a RangeError when there is no such zone.
 */
export function parseLocalDateTime(text: string, timezone: string): LocalDateTime | TimingProblem {
  const problem = { expected: 'a time as in 2027-01-01T09:00', got: text }
  const match = dateTimePattern.exec(text.trim())
  if (!match) {
    if (!datePattern.test(text)) return problem
    const day = parseLocalDate(text)
    const hint = typeof day === 'number' ? `add the time of day: ${text}T00:00` : day.hint
    return { ...problem, ...(hint !== undefined && { hint }) }
  }
  const [, date = '', hour = '', minute = '', second = '0', fraction = '', offset] = match
  const day = parseLocalDate(date)
  if (typeof day !== 'number') return { ...problem, ...(day.hint === undefined ? {} : { hint: day.hint }) }
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59)
    return { ...problem, hint: 'the time of day is 00:00:00 to 23:59:59' }

  const local = day * daySeconds + Number(hour) * 3600 + Number(minute) * 60 + Number(second)
  const ms = Number(fraction.padEnd(3, '0'))
  if (offset !== undefined) return { at: instant((local - parseOffset(offset)) * 1000 + ms) }
  const zone = zoneOf(timezone)
  const [first, again] = instantsOf(zone, local)
  if (first === undefined) return afterGap(zone, local)
  const at = instant(first * 1000 + ms)
  if (again === undefined) return { at }
  return { at, remark: `${formatLocal(local)} comes twice in ${timezone}; the first is taken` }
}

/** The instants, in seconds and in order, at which a zone's clock shows a local time: none in a gap, two in a fold. */
export function instantsOf(zone: Zone, local: number): number[] {
  const found: number[] = []
  // No offset is more than a day, so that only segments within a day of the same number in UTC can show it.
  for (let at = local - daySeconds; at <= local + daySeconds; ) {
    const { start, end, offset } = zone.segmentAt(at)
    if (local - offset >= start && local - offset < end) found.push(local - offset)
    at = end
  }
  return found
}

function afterGap(zone: Zone, local: number): LocalDateTime {
  let segment = zone.segmentAt(local - daySeconds)
  while (segment.start + segment.offset <= local) segment = zone.segmentAt(segment.end)
  const landing = segment.start + segment.offset
  return {
    at: instant(segment.start * 1000),
    remark: `${formatLocal(local)} does not exist in ${zone.name}; ${formatLocal(landing)} is taken`,
  }
}

function parseOffset(text: string): number {
  if (/^z$/i.test(text)) return 0
  const [, sign, hours, minutes = '0'] = /^([+-])(\d\d):?(\d\d)?$/.exec(text) ?? []
  const seconds = Number(hours) * 3600 + Number(minutes) * 60
  return sign === '-' ? -seconds : seconds
}
