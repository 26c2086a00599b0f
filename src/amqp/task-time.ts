import { type Instant, instant, toIso } from '../core/instant.ts'

/**
 * The instant as Celery reads it in every version: six digits of a fraction and `+00:00`. Celery 5.2 takes the
 * fraction for a count of microseconds, so `.900` would be 0.9 s early.
 */
export function formatTaskTime(at: Instant): string {
  return `${toIso(at).slice(0, -1)}000+00:00`
}

const pattern =
  /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2})?)(?:[.,](\d{1,9}))?(Z|[+-]\d{2}:?\d{2}(?::\d{2})?)?$/i

/**
 * ISO 8601 as Celery's clients write it: with or without a fraction, with `Z`, an offset, or neither, which means UTC.
 * Rounded up to the millisecond, so that nothing starts early. Undefined when it is no time.
 */
export function parseTaskTime(text: string): Instant | undefined {
  return parseOwn(text) ?? parseAny(text)
}

const ownPattern = /^\d{4}-\d\d-(?:[01]\d|2[0-8])T(?:[01]\d|2[0-3]):\d\d:\d\d\.\d{3}000\+00:00$/

/** What we write ourselves, in a tenth of the time; undefined for anything else, and for the days that not every month has. */
function parseOwn(text: string): Instant | undefined {
  if (!ownPattern.test(text)) return undefined
  const at = Date.parse(`${text.slice(0, 23)}Z`)
  return Number.isNaN(at) ? undefined : instant(at)
}

function parseAny(text: string): Instant | undefined {
  const match = pattern.exec(text)
  if (!match) return undefined
  const [, date, time = '', fraction = '', offset = 'Z'] = match
  const seconds = time.length === 5 ? `${time}:00` : time
  const whole = Date.parse(`${date}T${seconds}Z`)
  if (Number.isNaN(whole) || !toIso(instant(whole)).startsWith(`${date}T${seconds}`)) return undefined
  const offsetMs = parseOffset(offset)
  if (offsetMs === undefined) return undefined
  return instant(whole + Math.ceil(Number(fraction.padEnd(9, '0')) / 1_000_000) - offsetMs)
}

function parseOffset(offset: string): number | undefined {
  if (/^z$/i.test(offset)) return 0
  const [hours = 0, minutes = 0, seconds = 0] = (offset.match(/\d{2}/g) ?? []).map(Number)
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined
  const ms = ((hours * 60 + minutes) * 60 + seconds) * 1_000
  return offset.startsWith('-') ? -ms : ms
}
