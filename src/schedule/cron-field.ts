import { type SixtyBits, sixtyBits } from './bits.ts'
import { type CronFieldName, cronFieldKinds } from './cron-field-kinds.ts'
import type { DaysOfMonth, DaysOfWeek } from './cron-fields.ts'
import { type CronItem, parseItem } from './cron-item.ts'
import { explainItem, refuseStep } from './cron-item-problem.ts'
import { Memory } from './memory.ts'
import { isProblem, type TimingProblem } from './timing-problem.ts'

/**
 * From the text of one field to the set it names. Few texts recur in very many entries.
 */
export function parseSixty(field: 'second' | 'minute', text: string): SixtyBits | TimingProblem {
  return remembered(field, text, () => {
    const items = parseItems(field, text)
    return isProblem(items) ? items : sixtyBits(items.flatMap((item) => item.values))
  })
}

/** Bit v for the value v. */
export function parseSet(field: 'hour' | 'month', text: string): { readonly set: number } | TimingProblem {
  return remembered(field, text, () => {
    const items = parseItems(field, text)
    return isProblem(items) ? items : { set: setOf(items.flatMap((item) => item.values)) }
  })
}

const fromEndItem = /^L(?:-(\d{1,2}))?(W)?$/i
const nearestItem = /^(\d{1,2})W$/i

export function parseDaysOfMonth(text: string): DaysOfMonth | TimingProblem {
  return remembered('dayOfMonth', text, () => {
    let [days, fromEnd, nearest, nearestFromEnd] = [0, 0, 0, 0]
    for (const item of text.split(',')) {
      const end = fromEndItem.exec(item)
      const near = nearestItem.exec(item)
      if (end && Number(end[1] ?? 0) <= 30) {
        const bit = 1 << Number(end[1] ?? 0)
        if (end[2]) nearestFromEnd |= bit
        else fromEnd |= bit
      } else if (near && Number(near[1]) >= 1 && Number(near[1]) <= 31) {
        nearest |= 1 << (Number(near[1]) - 1)
      } else {
        const items = parseItems('dayOfMonth', item)
        if (isProblem(items)) return items
        days |= setOf(items.flatMap(({ values }) => values.map((value) => value - 1)))
      }
    }
    return { any: isUnrestricted(text), days, fromEnd, nearest, nearestFromEnd }
  })
}

export function parseDaysOfWeek(text: string): DaysOfWeek | TimingProblem {
  return remembered('dayOfWeek', text, () => {
    const items = parseItems('dayOfWeek', text)
    if (isProblem(items)) return items
    const byFirstWeekday = [0, 1, 2, 3, 4, 5, 6].map((first) =>
      setOf(items.flatMap((item) => daysOf(item, first))),
    )
    const last = setOf(items.flatMap((item) => item.lastWeekday ?? []))
    return { any: isUnrestricted(text), byFirstWeekday, last }
  })
}

/** The days of a month, from 0, that a weekday item names when the month begins on the weekday `first`. */
function daysOf({ values, nth }: CronItem, first: number): number[] {
  const weeks = nth === undefined ? [0, 1, 2, 3, 4] : [nth - 1]
  return values
    .flatMap((weekday) => weeks.map((week) => ((weekday - first + 7) % 7) + 7 * week))
    .filter((day) => day < 31)
}

/** Only a bare `*` or `?` leaves a day field unrestricted; `1-31` does not, nor does `*` with a step. */
export function isUnrestricted(text: string): boolean {
  return text === '*' || text === '?'
}

function parseItems(field: CronFieldName, text: string): readonly CronItem[] | TimingProblem {
  const items: CronItem[] = []
  for (const item of text.split(',')) {
    const parsed =
      refuseStep(cronFieldKinds[field], item) ??
      parseItem(field, item) ??
      explainItem(cronFieldKinds[field], item)
    if (isProblem(parsed)) return parsed
    items.push(parsed)
  }
  return items
}

function setOf(members: readonly number[]): number {
  return members.reduce((set, member) => set | (1 << member), 0)
}

const meanings = new Memory<unknown>()

function remembered<T>(field: CronFieldName, text: string, parse: () => T): T {
  return meanings.recall(`${field} ${text}`, parse) as T
}
