/** The fields of a cron expression, and the words in which problems speak of them. */
export interface CronFieldKind {
  readonly name: 'second' | 'minute' | 'hour' | 'day of month' | 'month' | 'day of week'
  readonly min: number
  readonly max: number
  /** How many different values there are: 7 for the days of the week, where 0 and 7 are the same. */
  readonly size: number
  /** What may be written, to follow "expected". */
  readonly expected: string
  /** Three-letter names, the first one standing for `firstName`. */
  readonly names: readonly string[]
  readonly firstName: number
}

function kind(
  name: CronFieldKind['name'],
  min: number,
  max: number,
  names = '',
  firstName = 0,
): CronFieldKind {
  const list = names === '' ? [] : names.split(' ')
  const orNames = list.length === 0 ? '' : ` or ${list[0]}–${list.at(-1)}`
  return {
    name,
    min,
    max,
    size: list.length || max - min + 1,
    expected: `${name} ${min}–${max}${orNames}`,
    names: list,
    firstName,
  }
}

const months = 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'
const weekdays = 'SUN MON TUE WED THU FRI SAT'

export type CronFieldName = 'second' | 'minute' | 'hour' | 'dayOfMonth' | 'month' | 'dayOfWeek'

/** In the order of the six-field form. */
export const cronFieldKinds: Readonly<Record<CronFieldName, CronFieldKind>> = {
  second: kind('second', 0, 59),
  minute: kind('minute', 0, 59),
  hour: kind('hour', 0, 23),
  dayOfMonth: kind('day of month', 1, 31),
  month: kind('month', 1, 12, months, 1),
  dayOfWeek: kind('day of week', 0, 7, weekdays, 0),
}
