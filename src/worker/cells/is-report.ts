import { isMap } from '../../core/is-map.ts'
import type { CellReport } from './cell.ts'

/** What a report of this kind cannot be without, and of which type it is. */
const needed: Readonly<Record<CellReport['kind'], readonly [key: string, type: 'object' | 'string']>> = {
  importing: ['file', 'string'],
  loaded: ['listing', 'object'],
  logged: ['text', 'string'],
  ended: ['ending', 'object'],
  strayed: ['thrown', 'object'],
}

/**
 * Whether it is a report. Code in a cell finds the port or the pipe by which its cell reports, and may send there what
 * it likes (a library that posts to its parent thread does): that must not end the worker.
 */
export function isReport(value: unknown): value is CellReport {
  if (!isMap(value) || typeof value.kind !== 'string' || !Object.hasOwn(needed, value.kind)) return false
  const [key, type] = needed[value.kind as CellReport['kind']]
  const found = value[key]
  return typeof found === type && found !== null
}

/** Whether it is something printed, whatever the pieces are made of. */
export function isPrinted(value: Readonly<Record<string, unknown>>): boolean {
  return value.kind === 'printed' && (value.stream === 'stdout' || value.stream === 'stderr')
}
