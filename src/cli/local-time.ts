import { describeDuration } from '../core/duration.ts'
import { between, type Instant, milliseconds, plus, toIso } from '../core/instant.ts'
import { isTimezone, zoneOf } from '../schedule/zone.ts'

/** `2026-11-22 02:00:00` as the clock of the zone shows it. */
export function localTime(at: Instant, timezone: string): string {
  return shownTime(at, timezone).slice(0, 19)
}

/**
 * The time of day alone where it is today's, and the zone where it is not this
 * machine's: `02:00`, `09:00:10 Asia/Tokyo`.
 */
export function nearTime(at: Instant, timezone: string, now: Instant): string {
  const shown = localTime(at, timezone)
  const isToday = shown.slice(0, 10) === localTime(now, timezone).slice(0, 10)
  const time = (isToday ? shown.slice(11) : shown).replace(/:00$/, '')
  return `${time}${nameOfOther(timezone)}`
}

/** What stands behind a time, or several, of this zone: nothing where it is this machine's. */
export function nameOfOther(timezone: string): string {
  return timezone === machineZone() ? '' : ` ${timezone}`
}

/**
 * `Sun 2026-11-22 02:00:00 +01:00 Europe/Berlin`, with milliseconds where there are any: which of two equal times it
 * is, is seen from the offset.
 */
export function zonedTime(at: Instant, timezone: string): string {
  const offset = offsetSeconds(at, timezone)
  const weekday = weekdays[new Date(at + offset * 1_000).getUTCDay()]
  const place = timezone === 'UTC' ? 'UTC' : `${formatOffset(offset)} ${timezone}`
  return `${weekday} ${shownTime(at, timezone).replace(/\.000$/, '')} ${place}`
}

/** `in 9h12m`, `3m12s ago`, `now` */
export function relativeTime(at: Instant, now: Instant): string {
  const length = between(now, at)
  if (Math.abs(length) < 1) return 'now'
  return length > 0 ? `in ${describeDuration(length)}` : `${describeDuration(length)} ago`
}

/** The zone of whoever reads what happened on this machine. */
export function machineZone(): string {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
  return zone && isTimezone(zone) ? zone : 'UTC'
}

/** As JSON has it: UTC with milliseconds, or null. */
export function isoOrNull(at: Instant | undefined): string | null {
  return at === undefined ? null : toIso(at)
}

const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']

/** `2026-11-22 02:00:00.000` */
function shownTime(at: Instant, timezone: string): string {
  const shown = toIso(plus(at, milliseconds(offsetSeconds(at, timezone) * 1_000)))
  return `${shown.slice(0, 10)} ${shown.slice(11, 23)}`
}

function offsetSeconds(at: Instant, timezone: string): number {
  return zoneOf(timezone).segmentAt(Math.floor(at / 1_000)).offset
}

function formatOffset(seconds: number): string {
  const minutes = Math.floor(Math.abs(seconds) / 60)
  const pad = (part: number): string => String(part).padStart(2, '0')
  return `${seconds < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`
}
