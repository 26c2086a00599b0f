import type { CronFieldKind } from './cron-field-kinds.ts'
import type { TimingProblem } from './timing-problem.ts'

/** A step that is larger than its field never steps: with 61 it is only the first minute of each hour. */
export function refuseStep(kind: CronFieldKind, item: string): TimingProblem | undefined {
  const step = /\/(\d+)$/.exec(item)
  if (!step || Number(step[1]) <= kind.size) return undefined
  return {
    field: kind.name,
    expected: `${kind.name} step 1–${kind.size}`,
    got: item,
    hint: 'steps begin again with every turn of the field; for any other period write every: instead of cron:',
  }
}

/** Says what is wrong with an item that cannot be read, and what to write. */
export function explainItem(kind: CronFieldKind, item: string): TimingProblem {
  const problem = (got: string, hint?: string, expected = kind.expected): TimingProblem => ({
    field: kind.name,
    expected,
    got,
    ...(hint === undefined ? {} : { hint }),
  })
  if (item === '') return problem('nothing', 'write lists as 1,2,3')
  if (/^h/i.test(item))
    return problem(item, 'H is not supported; write a value, and jitter: to spread entries')
  if (item.includes('~')) return problem(item, 'random values are not supported; write a value, and jitter:')

  const [range = '', step, ...rest] = item.split('/')
  if (rest.length > 0) return problem(item, 'one step at the most, as in 0-30/5')
  if (step !== undefined && !/^0*[1-9]\d*$/.test(step))
    return problem(item, undefined, `${kind.name} step 1–${kind.size}`)
  if (step !== undefined && range === '') return problem(item, `write */${step}`)

  const bounds = range.split('-')
  const [low, high] = bounds.map((bound) => readValue(kind, bound))
  if (bounds.length === 2 && low !== undefined && high !== undefined && low > high)
    return problem(item, `write ${unwrapped(kind, low, high, item)}`, `${kind.name} range from low to high`)
  for (const bound of bounds) {
    if (/^\d+$/.test(bound) && readValue(kind, bound) === undefined) return problem(bound)
    const name = kind.names.find((known) => bound.toUpperCase().startsWith(known))
    if (name !== undefined && /^[a-z]{4,}$/i.test(bound)) return problem(bound, `write ${name}`)
  }
  return problem(item, hintFor(kind, item))
}

function hintFor(kind: CronFieldKind, item: string): string | undefined {
  if (kind.name === 'day of week' && item.includes('#'))
    return 'the third Friday of the month is 5#3 or FRI#3, the number from 1 to 5'
  if (kind.name === 'day of week' && /l/i.test(item)) return 'the last Friday of the month is 5L or FRIL'
  if (kind.name === 'day of month' && /[lw]/i.test(item))
    return 'the last day of the month is L, two days before it L-2, its last weekday LW, the weekday nearest to the 15th 15W'
  return undefined
}

function readValue(kind: CronFieldKind, text: string): number | undefined {
  const index = kind.names.indexOf(text.toUpperCase())
  if (index >= 0) return index + kind.firstName
  const value = Number(text)
  return /^\d+$/.test(text) && value >= kind.min && value <= kind.max ? value : undefined
}

/** What a range that runs over the end of its field stands for: 22-2 → `22-23,0-2`, fri-mon → `FRI-SAT,SUN-MON`. */
function unwrapped(kind: CronFieldKind, low: number, high: number, item: string): string {
  const isNamed = /[a-z]/i.test(item)
  const write = (value: number): string => (isNamed && kind.names[value - kind.firstName]) || String(value)
  const span = (from: number, to: number): string =>
    from === to ? write(from) : `${write(from)}-${write(to)}`
  const step = /\/(\d+)$/.exec(item)
  if (!step) return `${span(low, kind.min + kind.size - 1)},${span(kind.min, high)}`
  const values: number[] = []
  for (let value = low; value <= high + kind.size; value += Number(step[1]))
    values.push(kind.min + ((value - kind.min) % kind.size))
  return values.map(write).join(',')
}
