import { isMap } from '../../core/is-map.ts'
import type { CellReport } from './cell.ts'
import { isPrinted, isReport } from './is-report.ts'

/** What a process sends to its worker, each as a line of JSON. */
export type FromProcess =
  | { readonly kind: 'report'; readonly report: CellReport }
  | { readonly kind: 'printed'; readonly stream: 'stdout' | 'stderr'; readonly text: string }
  | { readonly kind: 'printed'; readonly stream: 'stdout' | 'stderr'; readonly base64: string }

/** A line as it came; undefined when it is no message. */
export function parseLine(line: string): FromProcess | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return isFromProcess(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isFromProcess(value: unknown): value is FromProcess {
  if (!isMap(value)) return false
  if (value.kind === 'report') return isReport(value.report)
  return isPrinted(value) && (typeof value.text === 'string' || typeof value.base64 === 'string')
}
