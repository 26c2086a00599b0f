import { InvalidArgumentError } from 'commander'
import { isExact } from '../config/json-kind.ts'
import { parseDuration } from '../core/duration.ts'
import { TaskbeatError } from '../core/errors.ts'
import { type Instant, type Milliseconds, milliseconds, plus } from '../core/instant.ts'
import { parseLocalDateTime } from '../schedule/local-time.ts'
import { isProblem } from '../schedule/timing-problem.ts'
import { remark, type Terminal } from './terminal.ts'

/** Reads an option's value as a whole number. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= least && value <= most) return value
    throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`)
  }
}

/** Reads an argument that names something: an empty one is a variable of a script that is not set. */
export function notEmpty(text: string): string {
  if (text !== '') return text
  throw new InvalidArgumentError('It is empty.')
}

/** The same of each of several. */
export function eachNotEmpty(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, notEmpty(text)]
}

/** Reads an option's value as a length of time. */
export function duration(text: string): Milliseconds {
  const length = parseDuration(text)
  if (typeof length === 'number') return length
  throw new InvalidArgumentError(`Expected a duration such as 10s or 1h30m: ${length.hint}.`)
}

/** Reads a time gone by: one as `readTime` reads it, a date, or a length of time before now. Throws USAGE. */
export function readPastTime(
  terminal: Terminal,
  option: string,
  text: string,
  { timezone, now }: { readonly timezone: string; readonly now: Instant },
): Instant {
  const ago = parseDuration(text)
  if (typeof ago === 'number') return plus(now, milliseconds(-ago))
  return readTime(terminal, option, /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00` : text, timezone)
}

/** Reads an option's value as a JSON list. */
export function jsonList(text: string): readonly unknown[] {
  const value = parseJson(text)
  if (Array.isArray(value)) return value
  throw new InvalidArgumentError('Expected a JSON list such as \'[4, "four"]\'.')
}

/** Reads an option's value as a JSON object. */
export function jsonMap(text: string): Readonly<Record<string, unknown>> {
  const value = parseJson(text)
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>
  throw new InvalidArgumentError('Expected a JSON object such as \'{"to": "me"}\'.')
}

/** Undefined, which JSON cannot say, for what is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text, refuseInexact)
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw error
    return undefined
  }
}

function refuseInexact(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || isExact(value)) return value
  const source = context?.source ?? String(value)
  throw new InvalidArgumentError(
    `Expected numbers that JSON can carry as they are, got ${source}; a text is written "${source}".`,
  )
}

/**
 * A time as an option gives it: the zone's clock unless it carries an offset. Throws USAGE; that it does not exist in
 * the zone, or comes twice, is told.
 */
export function readTime(terminal: Terminal, option: string, text: string, timezone: string): Instant {
  const time = parseLocalDateTime(text, timezone)
  if (isProblem(time)) {
    const hint = time.hint === undefined ? '' : `: ${time.hint}`
    throw new TaskbeatError('USAGE', `${option}: expected ${time.expected}, got ${time.got}${hint}`)
  }
  if (time.remark !== undefined) remark(terminal, `${option}: ${time.remark}`)
  return time.at
}
