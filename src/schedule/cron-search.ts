import {
  firstMembers,
  has,
  highestOfSixty,
  highestThrough,
  lowestFrom,
  lowestOfSixty,
  sizeBelow,
  sizeOf,
  sizeOfSixty,
} from './bits.ts'
import { civilDate, dayNumber, dayOf, daySeconds } from './civil.ts'
import { type CronFields, matchingDays } from './cron-fields.ts'

/**
 * The longest that any expression pauses: 29 February as the fifth Monday of its month comes every 28 years, and after
 * 40 where a year like 2100 is in between. What does not come within 41 years never comes.
 */
const longestPauseYears = 41

/** The first matching local time that is not before `local`; undefined = never. */
export function firstFrom(fields: CronFields, local: number): number | undefined {
  const today = dayOf(local)
  let day = firstDayFrom(fields, today)
  if (day === today) {
    const time = firstTimeFrom(fields, local - today * daySeconds)
    if (time >= 0) return today * daySeconds + time
    day = firstDayFrom(fields, today + 1)
  }
  return day === undefined ? undefined : day * daySeconds + firstTimeFrom(fields, 0)
}

/** The last matching local time that is not after `local`; undefined = never before. */
export function lastThrough(fields: CronFields, local: number): number | undefined {
  const today = dayOf(local)
  let day = lastDayThrough(fields, today)
  if (day === today) {
    const time = lastTimeThrough(fields, local - today * daySeconds)
    if (time >= 0) return today * daySeconds + time
    day = lastDayThrough(fields, today - 1)
  }
  return day === undefined ? undefined : day * daySeconds + lastTimeThrough(fields, daySeconds - 1)
}

/** How many local times match in [from, through]: by months, so that a year of seconds costs as little as a day. */
export function countBetween(fields: CronFields, from: number, through: number): number {
  if (from > through) return 0
  const firstDay = dayOf(from)
  const lastDay = dayOf(through)
  return (
    countDays(fields, firstDay, lastDay) * countTimesBefore(fields, daySeconds) -
    (matchesDay(fields, firstDay) ? countTimesBefore(fields, from - firstDay * daySeconds) : 0) +
    (matchesDay(fields, lastDay) ? countTimesBefore(fields, through - lastDay * daySeconds + 1) : 0)
  )
}

function matchesDay(fields: CronFields, number: number): boolean {
  const { year, month, day } = civilDate(number)
  return has(matchingDays(fields, year, month), day - 1)
}

function firstDayFrom(fields: CronFields, number: number): number | undefined {
  let { year, month, day } = civilDate(number)
  const lastYear = year + longestPauseYears
  while (year <= lastYear) {
    const found = lowestFrom(matchingDays(fields, year, month), day - 1)
    if (found >= 0) return dayNumber(year, month, found + 1)
    day = 1
    month += 1
    if (month > 12) {
      month = 1
      year += 1
    }
  }
  return undefined
}

function lastDayThrough(fields: CronFields, number: number): number | undefined {
  let { year, month, day } = civilDate(number)
  const firstYear = year - longestPauseYears
  while (year >= firstYear) {
    const found = highestThrough(matchingDays(fields, year, month), day - 1)
    if (found >= 0) return dayNumber(year, month, found + 1)
    day = 31
    month -= 1
    if (month < 1) {
      month = 12
      year -= 1
    }
  }
  return undefined
}

/** How many days match in [first, end). */
function countDays(fields: CronFields, first: number, end: number): number {
  let { year, month, day } = civilDate(first)
  let count = 0
  for (let monthStart = first - day + 1; monthStart < end; ) {
    const nextStart = month === 12 ? dayNumber(year + 1, 1, 1) : dayNumber(year, month + 1, 1)
    const through = firstMembers(Math.min(end, nextStart) - monthStart)
    count += sizeOf(matchingDays(fields, year, month) & through & ~firstMembers(day - 1))
    monthStart = nextStart
    day = 1
    month += 1
    if (month > 12) {
      month = 1
      year += 1
    }
  }
  return count
}

// Times of day are seconds since midnight; -1 = none on this day.

function firstTimeFrom(fields: CronFields, time: number): number {
  const second = time % 60
  const minute = Math.floor(time / 60) % 60
  const hour = Math.floor(time / 3600)
  const firstSecond = lowestOfSixty(fields.seconds, 0)
  let foundHour = lowestFrom(fields.hours, hour)
  if (foundHour === hour) {
    let foundMinute = lowestOfSixty(fields.minutes, minute)
    if (foundMinute === minute) {
      const foundSecond = lowestOfSixty(fields.seconds, second)
      if (foundSecond >= 0) return hour * 3600 + minute * 60 + foundSecond
      foundMinute = lowestOfSixty(fields.minutes, minute + 1)
    }
    if (foundMinute >= 0) return hour * 3600 + foundMinute * 60 + firstSecond
    foundHour = lowestFrom(fields.hours, hour + 1)
  }
  return foundHour < 0 ? -1 : foundHour * 3600 + lowestOfSixty(fields.minutes, 0) * 60 + firstSecond
}

function lastTimeThrough(fields: CronFields, time: number): number {
  const second = time % 60
  const minute = Math.floor(time / 60) % 60
  const hour = Math.floor(time / 3600)
  const lastSecond = highestOfSixty(fields.seconds, 59)
  let foundHour = highestThrough(fields.hours, hour)
  if (foundHour === hour) {
    let foundMinute = highestOfSixty(fields.minutes, minute)
    if (foundMinute === minute) {
      const foundSecond = highestOfSixty(fields.seconds, second)
      if (foundSecond >= 0) return hour * 3600 + minute * 60 + foundSecond
      foundMinute = highestOfSixty(fields.minutes, minute - 1)
    }
    if (foundMinute >= 0) return hour * 3600 + foundMinute * 60 + lastSecond
    foundHour = highestThrough(fields.hours, hour - 1)
  }
  return foundHour < 0 ? -1 : foundHour * 3600 + highestOfSixty(fields.minutes, 59) * 60 + lastSecond
}

function countTimesBefore(fields: CronFields, time: number): number {
  const { seconds, minutes, hours } = fields
  const minute = Math.floor(time / 60) % 60
  const hour = Math.floor(time / 3600)
  const inMinute = sizeOfSixty(seconds)
  let count = sizeOf(hours & firstMembers(hour)) * sizeOfSixty(minutes) * inMinute
  if (!has(hours, hour)) return count
  count += sizeBelow(minutes, minute) * inMinute
  if (lowestOfSixty(minutes, minute) === minute) count += sizeBelow(seconds, time % 60)
  return count
}
