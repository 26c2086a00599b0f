import { firstMembers, has, type SixtyBits } from './bits.ts'
import { dayNumber, daysInMonth, weekdayOf } from './civil.ts'

/** Which days of the month a rule names. Where it says "from the end", 0 is the month's last day. */
export interface DaysOfMonth {
  /** `*` or `?`: the field restricts nothing. */
  readonly any: boolean
  /** Bit d-1 for the d-th. */
  readonly days: number
  /** Bit n for the n-th from the end: `L`, `L-n`. */
  readonly fromEnd: number
  /** Bit d-1 for the weekday (Monday to Friday) nearest to the d-th, in the same month: `15W`. */
  readonly nearest: number
  /** Bit n for the weekday nearest to the n-th from the end: `LW`, `L-nW`. */
  readonly nearestFromEnd: number
}

/** Which days of the week a rule names, Sunday being 0. */
export interface DaysOfWeek {
  readonly any: boolean
  /**
   * For a month whose first day is the i-th weekday: bit d-1 for the d-th
   * (`1-5`, and `5#3`, which counts from there).
   */
  readonly byFirstWeekday: readonly number[]
  /** Bit w for the last such weekday of the month: `5L`. */
  readonly last: number
}

/** A cron expression, understood: sets of civil times, without a zone. */
export interface CronFields {
  readonly seconds: SixtyBits
  readonly minutes: SixtyBits
  /** Bits 0 to 23. */
  readonly hours: number
  readonly daysOfMonth: DaysOfMonth
  /** Bits 1 to 12. */
  readonly months: number
  readonly daysOfWeek: DaysOfWeek
  /** All 24 hours are named. */
  readonly everyHour: boolean
  /** Every hour, or a minute or second field that begins with `*`: a cadence in real time rather than a time of day. */
  readonly dense: boolean
}

/**
 * The days of a month that match, bit d-1 for the d-th. When both day fields are restricted either matches, as in
 * every cron since Version 7; otherwise the restricted one decides.
 */
export function matchingDays(fields: CronFields, year: number, month: number): number {
  const length = daysInMonth(year, month)
  const all = firstMembers(length)
  if (!has(fields.months, month)) return 0
  const { daysOfMonth, daysOfWeek } = fields
  if (daysOfMonth.any && daysOfWeek.any) return all
  const firstWeekday = weekdayOf(dayNumber(year, month, 1))
  const byDate = daysOfMonth.any ? 0 : daysByDate(daysOfMonth, length, firstWeekday)
  const byWeekday = daysOfWeek.any ? 0 : daysByWeekday(daysOfWeek, length, firstWeekday)
  return (byDate | byWeekday) & all
}

function daysByDate(rule: DaysOfMonth, length: number, firstWeekday: number): number {
  let days = rule.days
  if (rule.fromEnd !== 0) {
    for (let day = 1; day <= length; day++) if (has(rule.fromEnd, length - day)) days |= 1 << (day - 1)
  }
  if ((rule.nearest | rule.nearestFromEnd) !== 0) {
    for (let day = 1; day <= length; day++) {
      if (has(rule.nearest, day - 1) || has(rule.nearestFromEnd, length - day))
        days |= 1 << (nearestWeekday(day, length, firstWeekday) - 1)
    }
  }
  return days
}

function daysByWeekday(rule: DaysOfWeek, length: number, firstWeekday: number): number {
  let days = rule.byFirstWeekday[firstWeekday] ?? 0
  if (rule.last !== 0) {
    for (let day = length - 6; day <= length; day++)
      if (has(rule.last, (firstWeekday + day - 1) % 7)) days |= 1 << (day - 1)
  }
  return days
}

/** A Saturday moves to the Friday before, a Sunday to the Monday after, unless that would leave the month. */
function nearestWeekday(day: number, length: number, firstWeekday: number): number {
  const weekday = (firstWeekday + day - 1) % 7
  if (weekday === 6) return day === 1 ? 3 : day - 1
  if (weekday === 0) return day === length ? day - 2 : day + 1
  return day
}
