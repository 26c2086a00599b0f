import type { Instant } from '../core/instant.ts'
import { formatTimeOfDay } from './civil.ts'
import { cronTimeline } from './cron-cache.ts'
import type { CronTimeline } from './cron-timeline.ts'
import type { Entry } from './entry.ts'
import { instantsOf } from './local-time.ts'

/**
 * What a change of the clocks does to this occurrence, when it does something: a time that does not exist, or twice.
 */
export function dstRemark(entry: Entry, due: Instant): string | undefined {
  const { timings, timezone } = entry.spec
  for (const timing of timings) {
    if (timing.kind === 'at' && timing.instant === due && timing.remark !== undefined) return timing.remark
    if (timing.kind !== 'cron') continue
    const remark = remarkOn(cronTimeline(timing.expression, timezone), due / 1000)
    if (remark !== undefined) return remark
  }
  return undefined
}

function remarkOn(timeline: CronTimeline, second: number): string | undefined {
  const { fields, zone } = timeline
  const segment = zone.segmentAt(second)
  const local = second + segment.offset
  const skipped = segment.start === second ? timeline.skippedBefore(segment) : undefined
  if (skipped !== undefined)
    return `${formatTimeOfDay(skipped)} does not exist on this day; runs at ${formatTimeOfDay(local)}`
  const [first, again] = instantsOf(zone, local)
  if (fields.dense || again === undefined || first !== second || !timeline.matches(local)) return undefined
  return `${formatTimeOfDay(local)} comes twice on this day; runs at the first`
}
