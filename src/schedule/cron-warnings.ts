import type { Instant } from '../core/instant.ts'
import { dayOf, formatDate, formatTimeOfDay } from './civil.ts'
import { cronTimeline } from './cron-cache.ts'
import { isUnrestricted } from './cron-field.ts'
import { type CronFieldKind, cronFieldKinds } from './cron-field-kinds.ts'
import { splitCron } from './parse-cron.ts'
import { isProblem } from './timing-problem.ts'

const yearSeconds = 366 * 86_400

/** What is legal in a cron expression and may not be what was meant; seen from `now`, as to the next clock changes. */
export function cronWarnings(expression: string, timezone: string, now: Instant): readonly string[] {
  const texts = splitCron(expression)
  if (isProblem(texts)) return []
  const [second = '', minute = '', hour = '', dayOfMonth = '', , dayOfWeek = ''] = texts
  return [
    ...unevenSteps(cronFieldKinds.second, second),
    ...unevenSteps(cronFieldKinds.minute, minute),
    ...unevenSteps(cronFieldKinds.hour, hour),
    ...eitherDay(dayOfMonth, dayOfWeek),
    ...nextGap(expression, timezone, now),
  ]
}

function eitherDay(dayOfMonth: string, dayOfWeek: string): string[] {
  if (isUnrestricted(dayOfMonth) || isUnrestricted(dayOfWeek)) return []
  return [
    `day of month (${dayOfMonth}) and day of week (${dayOfWeek}) are both restricted: it runs on days that match either, not only on those that match both`,
  ]
}

/** A step from `*` that does not divide the field: where the field begins again the distance is another one. */
function unevenSteps(kind: CronFieldKind, text: string): string[] {
  return text.split(',').flatMap((item) => {
    const step = Number(/^[*?]\/(\d+)$/.exec(item)?.[1] ?? 1)
    const field = `${item} in the ${kind.name} field`
    if (step >= kind.size) return [`${field} is the same as ${kind.min}`]
    if (kind.size % step === 0) return []
    const last = Math.floor((kind.size - 1) / step) * step
    return [
      `${field} begins again at 0, only ${kind.size - last} after ${last}; for even distances write every: ${step}${kind.name[0]}`,
    ]
  })
}

/** The next time, within a year, that clocks going forward skip a time of day at which it would run. */
function nextGap(expression: string, timezone: string, now: Instant): string[] {
  const timeline = cronTimeline(expression, timezone)
  const from = Math.floor(now / 1000)
  let segment = timeline.zone.segmentAt(from)
  while (segment.end <= from + yearSeconds) {
    segment = timeline.zone.segmentAt(segment.end)
    const skipped = timeline.skippedBefore(segment)
    if (skipped === undefined) continue
    const landing = segment.start + segment.offset
    const date = formatDate(dayOf(skipped))
    return [
      `${formatTimeOfDay(skipped)} does not exist on ${date} in ${timezone}; it runs at ${formatTimeOfDay(landing)} on that day`,
    ]
  }
  return []
}
