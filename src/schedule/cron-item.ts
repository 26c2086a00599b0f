import { CronExpressionParser } from 'cron-parser'
import { type CronFieldName, cronFieldKinds } from './cron-field-kinds.ts'

/** What one item of a field's list names. */
export interface CronItem {
  readonly values: readonly number[]
  /** `5L`: the last such weekday of the month. */
  readonly lastWeekday?: number
  /** `5#3`: values are weekdays, of which only the n-th of the month counts; from 1. */
  readonly nth?: number
}

const fieldNames = Object.keys(cronFieldKinds) as readonly CronFieldName[]

/**
 * Keeps out what cron-parser reads in a way of its own: `H` as a random value,
 * `JANFEB` as 12, and nothing as a default.
 */
const itemShape = /^(?:[*?]|(?:\d+|[A-Z]{3})(?:-(?:\d+|[A-Z]{3}))?)(?:\/\d+)?$|^(?:\d|[A-Z]{3})(?:L|#\d)$/

/**
 * Reads one item (`7`, `*`, `1-5`, `0-30/15`, `MON-FRI`, `5L`, `5#3`) by cron-parser, which decides what is valid;
 * undefined = it refuses. It gets one item at a time because it refuses lists whose items overlap, and its own
 * evaluation is not used: its `next` depends on what was asked before, and throws in some zones.
 */
export function parseItem(field: CronFieldName, item: string): CronItem | undefined {
  const text = item.toUpperCase()
  if (!itemShape.test(text)) return undefined
  const expression = fieldNames.map((name) => (name === field ? inOneWeek(field, text) : '*')).join(' ')
  try {
    const { fields } = CronExpressionParser.parse(expression)
    const values = fields[field].values
    const nth = field === 'dayOfWeek' ? fields.dayOfWeek.nthDay : 0
    if (values.every((value) => typeof value === 'number')) return nth > 0 ? { values, nth } : { values }
    const last = /^([0-7])L$/.exec(String(values[0]))
    return last && values.length === 1 ? { values: [], lastWeekday: Number(last[1]) % 7 } : undefined
  } catch {
    return undefined // its reason names neither the field nor what to write; explainItem does
  }
}

/**
 * `1/2` is Monday, Wednesday, Friday: the week ends on Saturday, though Sunday may be written as 7. But SUN as the end
 * of a range is that 7: `FRI-SUN`.
 */
function inOneWeek(field: CronFieldName, item: string): string {
  if (field !== 'dayOfWeek') return item
  return item.replace(/^([0-6]|[A-Z]{3})\/(\d+)$/, '$1-6/$2').replace(/^([1-7]|(?!SUN)[A-Z]{3})-SUN/, '$1-7')
}
