import { sizeOf } from './bits.ts'
import { parseDaysOfMonth, parseDaysOfWeek, parseSet, parseSixty } from './cron-field.ts'
import type { CronFields } from './cron-fields.ts'
import { firstFrom } from './cron-search.ts'
import { Memory } from './memory.ts'
import { isProblem, type TimingProblem } from './timing-problem.ts'

const macros: Readonly<Record<string, string>> = {
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
}

const fiveOrSix = '5 fields (minute, hour, day of month, month, day of week), or 6 with the second first'

/** Naming every value of every field takes half of this. */
const longestExpression = 1024

/** The texts of the six fields, in order; macros are replaced and five fields get the second 0. */
export function splitCron(expression: string): readonly string[] | TimingProblem {
  const text = expression.trim()
  if (text.length > longestExpression)
    return { expected: `at most ${longestExpression} characters`, got: String(text.length) }
  if (text.startsWith('@')) {
    const macro = macros[text.toLowerCase()]
    return macro === undefined ? explainMacro(text) : splitCron(macro)
  }
  const zone = /^(?:CRON_)?TZ=(\S+)/i.exec(text)
  if (zone) return { expected: fiveOrSix, got: zone[0], hint: `write timezone: ${zone[1]} beside cron:` }
  const fields = text === '' ? [] : text.split(/\s+/)
  if (fields.length === 6) return fields
  return fields.length === 5 ? ['0', ...fields] : explainCount(text, fields.length)
}

/**
 * Understands a cron expression: five fields (minute, hour, day of month, month, day of week), or six with the second
 * first; in each a list of values, names, ranges and steps; `?` as `*`; `L`, `L-n`, `15W`, `LW`, `L-nW` for days of the
 * month, `5L` and `5#3` for days of the week; or `@hourly` to `@yearly`. Upper and lower case are the same.
 */
export function parseCron(expression: string): CronFields | TimingProblem {
  // A key made here, and not a part of a file's text that would keep all of it.
  return meanings.recall(`cron ${expression}`, () => understand(expression))
}

const meanings = new Memory<CronFields | TimingProblem>()

function understand(expression: string): CronFields | TimingProblem {
  const texts = splitCron(expression)
  if (isProblem(texts)) return texts
  const [second = '', minute = '', hour = '', dayOfMonth = '', month = '', dayOfWeek = ''] = texts
  const seconds = parseSixty('second', second)
  if (isProblem(seconds)) return seconds
  const minutes = parseSixty('minute', minute)
  if (isProblem(minutes)) return minutes
  const hours = parseSet('hour', hour)
  if (isProblem(hours)) return hours
  const daysOfMonth = parseDaysOfMonth(dayOfMonth)
  if (isProblem(daysOfMonth)) return daysOfMonth
  const months = parseSet('month', month)
  if (isProblem(months)) return months
  const daysOfWeek = parseDaysOfWeek(dayOfWeek)
  if (isProblem(daysOfWeek)) return daysOfWeek

  const everyHour = sizeOf(hours.set) === 24
  const dense = everyHour || /^[*?]/.test(minute) || /^[*?]/.test(second)
  const fields = {
    seconds,
    minutes,
    hours: hours.set,
    daysOfMonth,
    months: months.set,
    daysOfWeek,
    everyHour,
    dense,
  }
  if (firstFrom(fields, 0) !== undefined) return fields
  return {
    field: 'day of month',
    expected: 'a date that comes',
    got: `day ${dayOfMonth} of month ${month}`,
    hint: 'no month of these has such a day',
  }
}

function explainMacro(text: string): TimingProblem {
  const expected = `one of ${Object.keys(macros).join(' ')}`
  if (/^@reboot$/i.test(text))
    return {
      expected,
      got: text,
      hint: 'what is to run at boot is a systemd unit; taskbeat knows times only',
    }
  const every = /^@every\b\s*(.*)$/i.exec(text)
  if (every) return { expected, got: text, hint: `write every: ${every[1] || '5m'} instead of cron:` }
  return { expected, got: text }
}

function explainCount(text: string, count: number): TimingProblem {
  const got = count === 0 ? 'nothing' : `${count} in "${text}"`
  if (count === 7)
    return {
      expected: fiveOrSix,
      got,
      hint: 'a year field is not supported; write start: and end: beside cron:',
    }
  return { expected: fiveOrSix, got }
}
