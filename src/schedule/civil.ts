/**
 * Civil time without a zone, as whole numbers: a day is its distance in days from 1970-01-01, a local time its
 * distance in seconds from that day's midnight, both in the proleptic Gregorian calendar and without leap seconds.
 */
export interface CivilDate {
  readonly year: number
  /** 1 to 12. */
  readonly month: number
  /** 1 to 31. */
  readonly day: number
}

export const daySeconds = 86_400

// Years are counted from 1 March here, so that the leap day is a year's last and a month's start is a linear formula.
const daysFrom0000March1 = 719_468
const monthStart = (marchMonth: number): number => Math.floor((153 * marchMonth + 2) / 5)
const yearStart = (year: number): number =>
  365 * year + Math.floor(year / 4) - Math.floor(year / 100) + Math.floor(year / 400)

/** The number of a date's day; days past the end of the month run into the next. */
export function dayNumber(year: number, month: number, day: number): number {
  const marchYear = month <= 2 ? year - 1 : year
  return yearStart(marchYear) + monthStart((month + 9) % 12) + day - 1 - daysFrom0000March1
}

export function civilDate(number: number): CivilDate {
  const days = number + daysFrom0000March1
  let marchYear = Math.floor(days / 365.2425)
  if (yearStart(marchYear) > days) marchYear -= 1
  else if (yearStart(marchYear + 1) <= days) marchYear += 1
  const dayOfYear = days - yearStart(marchYear)
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
  return {
    year: month <= 2 ? marchYear + 1 : marchYear,
    month,
    day: dayOfYear - monthStart(marchMonth) + 1,
  }
}

export function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/** 0 is Sunday; 1970-01-01 was a Thursday. */
export function weekdayOf(number: number): number {
  return (((number + 4) % 7) + 7) % 7
}

/** The day that a local time belongs to. */
export function dayOf(local: number): number {
  return Math.floor(local / daySeconds)
}

/** `2026-12-25` */
export function formatDate(number: number): string {
  const { year, month, day } = civilDate(number)
  return `${String(year).padStart(4, '0')}-${pad(month)}-${pad(day)}`
}

/** The time of day of a local time: `02:30`, with seconds where there are any. */
export function formatTimeOfDay(local: number): string {
  const time = local - dayOf(local) * daySeconds
  const seconds = time % 60
  return `${pad(Math.floor(time / 3600))}:${pad(Math.floor(time / 60) % 60)}${seconds ? `:${pad(seconds)}` : ''}`
}

/** `2026-12-25 02:30` */
export function formatLocal(local: number): string {
  return `${formatDate(dayOf(local))} ${formatTimeOfDay(local)}`
}

function pad(count: number): string {
  return String(count).padStart(2, '0')
}
