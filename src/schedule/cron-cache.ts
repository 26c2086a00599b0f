import { TaskbeatError } from '../core/errors.ts'
import { CronTimeline } from './cron-timeline.ts'
import { parseCron } from './parse-cron.ts'
import { isProblem } from './timing-problem.ts'
import { zoneOf } from './zone.ts'

/** Enough for the schedules there are; a larger variety makes it start again. */
const most = 10_000
const timelines = new Map<string, CronTimeline>()

/**
 * The timeline of an expression in a zone, one for all entries that have it: 100,000 entries share few. Throws
 * CONFIG_INVALID, or a RangeError for the zone, for what `parseCron` and `isTimezone` would have refused.
 */
export function cronTimeline(expression: string, timezone: string): CronTimeline {
  const key = `${timezone} ${expression}`
  const known = timelines.get(key)
  if (known) return known
  const fields = parseCron(expression)
  if (isProblem(fields))
    throw new TaskbeatError('CONFIG_INVALID', `${expression}: expected ${fields.expected}, got ${fields.got}`)
  const timeline = new CronTimeline(fields, zoneOf(timezone))
  if (timelines.size >= most) timelines.clear()
  timelines.set(key, timeline)
  return timeline
}
