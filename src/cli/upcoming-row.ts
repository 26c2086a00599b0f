import { printable } from '../config/problem.ts'
import { describeDuration } from '../core/duration.ts'
import { between, type Instant, instant } from '../core/instant.ts'
import type { Occurrence } from '../schedule/agenda.ts'
import { dstRemark } from '../schedule/dst-remark.ts'
import type { Entry } from '../schedule/entry.ts'
import { relativeTime, zonedTime } from './local-time.ts'
import type { Range } from './upcoming.ts'

export const upcomingHeadings = ['when', 'from now', 'entry', 'task', 'remarks'] as const

/** One line of `next`: when people will see it start. */
export function toUpcomingRow({ entry, due }: Occurrence, now: Instant): readonly string[] {
  const { name, task, timezone } = entry.spec
  const eta = entry.etaOf(due)
  const jitter = between(due, eta)
  const remarks = [jitter > 0 && `jitter +${describeDuration(jitter)}`, dstRemark(entry, due)]
  // The fractions of a second that jitter adds say nothing to people.
  const shown = due % 1_000 === 0 ? instant(Math.floor(eta / 1_000) * 1_000) : eta
  return [zonedTime(shown, timezone), relativeTime(eta, now), name, task, remarks.filter(Boolean).join('; ')]
}

/** Of more entries than this only the number is told. */
const mostNamed = 5

/** Which of the entries have nothing in the range, and why. */
export function remarkOnSilence(entries: readonly Entry[], { from, to }: Range): string[] {
  const nextOf = (entry: Entry): Instant | undefined => entry.timeline.next(from)
  const [enabled, disabled] = partition(entries, ({ spec }) => spec.enabled)
  const [coming, over] = partition(enabled, (entry) => nextOf(entry) !== undefined)
  const later = to === undefined ? [] : coming.filter((entry) => (nextOf(entry) ?? to) > to)
  return [
    ...remarkOn(disabled, 'disabled, never due until that changes'),
    ...remarkOn(over, 'never due again'),
    ...remarkOn(later, 'not due in this time'),
  ]
}

function remarkOn(entries: readonly Entry[], what: string): string[] {
  if (entries.length === 0) return []
  const names = entries.slice(0, mostNamed).map(({ spec }) => printable(spec.name))
  const more = entries.length - names.length
  return [`${names.join(', ')}${more > 0 ? ` and ${more.toLocaleString('en')} more` : ''}: ${what}`]
}

function partition<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  return [items.filter(test), items.filter((item) => !test(item))]
}
