import { TaskbeatError } from '../core/errors.ts'
import { CronTimeline } from './cron-timeline.ts'
import { Memory } from './memory.ts'
import { parseCron } from './parse-cron.ts'
import { isProblem } from './timing-problem.ts'
import { zoneOf } from './zone.ts'

const timelines = new Memory<CronTimeline>()

/**
 * The timeline of an expression in a zone, one for all entries that have it: 100,000 entries share few. Throws
 * CONFIG_INVALID, or a RangeError for the zone, for what `parseCron` and `isTimezone` would have refused.
 */
export function cronTimeline(expression: string, timezone: string): CronTimeline {
  return timelines.recall(`${timezone} ${expression}`, () => {
    const fields = parseCron(expression)
    if (!isProblem(fields)) return new CronTimeline(fields, zoneOf(timezone))
    throw new TaskbeatError('CONFIG_INVALID', `${expression}: expected ${fields.expected}, got ${fields.got}`)
  })
}
