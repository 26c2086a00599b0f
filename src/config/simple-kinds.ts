import { formatDuration, parseDuration } from '../core/duration.ts'
import { type Milliseconds, milliseconds } from '../core/instant.ts'
import { parseRate, type Rate } from '../task/rate.ts'
import { fromText, type Kind } from './kind.ts'

/** Free text, as written. */
export const text: Kind<string> = fromText('a text', (value) => ({ value }))

const longestName = 200

/** What names an entry, a task or a queue: any text that a log line and a broker can carry. */
export function isName(value: string): boolean {
  return value !== '' && value.length <= longestName && !/^\s|\s$|\p{C}/u.test(value)
}

export const nameExpected: string = `a name: up to ${longestName} characters, none of them a control character, no space at its ends`

export const name: Kind<string> = fromText(nameExpected, (value) => (isName(value) ? { value } : {}))

export const yesOrNo: Kind<boolean> = {
  expected: 'true or false',
  schema: { type: 'boolean' },
  read(at) {
    const { node } = at
    return node.kind === 'scalar' && typeof node.value === 'boolean' ? node.value : at.mismatch(this.expected)
  },
}

export function wholeNumber(least: number, largest: number): Kind<number> {
  const expected = `a whole number from ${least} to ${largest}`
  return {
    expected,
    schema: { type: 'integer', minimum: least, maximum: largest },
    read(at) {
      const value = at.node.kind === 'scalar' ? at.node.value : undefined
      const fits = Number.isInteger(value) && Number(value) >= least && Number(value) <= largest
      return fits ? Number(value) : at.mismatch(expected)
    },
  }
}

export function factor(least: number, largest: number): Kind<number> {
  const expected = `a number from ${least} to ${largest}`
  return {
    expected,
    schema: { type: 'number', minimum: least, maximum: largest },
    read(at) {
      const value = at.node.kind === 'scalar' ? at.node.value : undefined
      return typeof value === 'number' && value >= least && value <= largest ? value : at.mismatch(expected)
    },
  }
}

/** Any instant that is so far away can still be written with a year of four digits, as whoever reads it expects. */
const longestMs = milliseconds(5_000 * 604_800_000)

/** A length of time of at least `leastMs`. */
export function duration(leastMs: number): Kind<Milliseconds> {
  return fromText(durationExpected(leastMs), (value) => atLeast(leastMs, value), { type: 'string' })
}

/** A length of time, or `none`, which takes back what `defaults` says. */
export function durationOrNone(leastMs: number): Kind<Milliseconds | 'none'> {
  return fromText<Milliseconds | 'none'>(
    `${durationExpected(leastMs)}, or none`,
    (value) => (value === 'none' ? { value } : atLeast(leastMs, value)),
    { type: 'string' },
  )
}

function durationExpected(leastMs: number): string {
  return `a duration${leastMs > 1 ? ` of at least ${formatDuration(milliseconds(leastMs))}` : ''}, such as 10s or 1h30m`
}

function atLeast(leastMs: number, value: string): { value?: Milliseconds; hint?: string } {
  const length = parseDuration(value)
  if (typeof length !== 'number') return length
  if (length > longestMs) return { hint: `it is at most ${formatDuration(longestMs)}` }
  return length >= leastMs ? { value: length } : {}
}

/** How many in how much time, or `none`, which takes back what `defaults` says. */
export const rateOrNone: Kind<Rate | 'none'> = fromText<Rate | 'none'>(
  'a rate such as 10/m, 5/s or 100/h, or none',
  (value) => {
    if (value === 'none') return { value }
    const rate = parseRate(value)
    return 'count' in rate ? { value: rate } : rate
  },
  { type: 'string' },
)

const sizeUnits: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  kB: 1_000,
  MB: 1_000_000,
  KiB: 1_024,
  MiB: 1_048_576,
  GB: 1_000_000_000,
  GiB: 1_073_741_824,
}

/** A number of bytes. */
export function size(largestBytes: number, largest: string, leastBytes = 0, least = ''): Kind<number> {
  const range = least === '' ? `of at most ${largest}` : `from ${least} to ${largest}`
  const examples = least === '' ? '64KiB, 1MiB' : '64MiB, 1GiB'
  return fromText(`a size ${range}, such as ${examples} or a number of bytes`, (value) => {
    const [, count, unit = ''] = /^(\d+)\s*([kKMG]i?B|B|)$/.exec(value) ?? []
    const bytes = Number(count) * (sizeUnits[unit] ?? Number.NaN)
    return bytes >= leastBytes && bytes <= largestBytes ? { value: bytes } : {}
  })
}
