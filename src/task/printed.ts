import { isMap } from '../core/is-map.ts'

/** One line that a run has printed; of one that is too long a piece, which the next of its stream continues. */
export interface PrintedLine {
  readonly stream: 'stdout' | 'stderr'
  readonly line: string
  readonly cut: boolean
}

/** What an attempt has printed since the part before, as whoever follows it is told. */
export interface PrintedPart {
  readonly attempt: number
  /** How many lines went before. Are they more than have come, some were lost on their way. */
  readonly from: number
  readonly lines: readonly PrintedLine[]
  /** So many lines after these were left out: there are more than are told of one run. */
  readonly omitted: number
  /** The attempt prints nothing more. */
  readonly end: boolean
}

export type TakePrinted = (part: PrintedPart) => void

/** A part that came from outside; undefined when it is none. */
export function parsePrintedPart(value: unknown): PrintedPart | undefined {
  if (!isMap(value)) return undefined
  const { attempt, from, lines, omitted, end } = value
  if (!isCount(attempt) || !isCount(from) || !isCount(omitted)) return undefined
  if (typeof end !== 'boolean' || !Array.isArray(lines) || !lines.every(isLine)) return undefined
  return { attempt, from, lines, omitted, end }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isLine(value: unknown): value is PrintedLine {
  if (!isMap(value) || typeof value.line !== 'string' || typeof value.cut !== 'boolean') return false
  return value.stream === 'stdout' || value.stream === 'stderr'
}
