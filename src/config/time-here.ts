import { type Instant, instant } from '../core/instant.ts'
import { zoneOf } from '../schedule/zone.ts'

const halfYearMs = 15_768_000_000

/** Whether the clocks of a zone show UTC, now and in half a year. */
export function isUtc(timezone: string, now: Instant): boolean {
  return [now, now + halfYearMs].every((at) => offsetMs(timezone, at) === 0)
}

/** Whether the clocks of a zone change within half a year. */
export function hasClockChanges(timezone: string, now: Instant): boolean {
  return offsetMs(timezone, now) !== offsetMs(timezone, now + halfYearMs)
}

/** The time of day that a zone's clocks show: `03:00`. */
export function timeOfDay(at: Instant, timezone: string): string {
  const local = instant(at + offsetMs(timezone, at))
  return new Date(local).toISOString().slice(11, 16)
}

function offsetMs(timezone: string, at: number): number {
  return zoneOf(timezone).segmentAt(Math.floor(at / 1000)).offset * 1000
}
