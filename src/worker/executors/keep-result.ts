import { jsonDepth } from '../../core/json-depth.ts'
import { describeThrown } from './thrown.ts'

/** The longest result that is kept, as JSON: a result is an answer, not a file. */
export const longestResult = 262_144

/** What carries a result is nested itself, and readers look no deeper than 64 levels. */
const deepestResult = 60

/**
 * What a handler returned, as plain data. Succeeding is about what was done; that it cannot be kept (a cycle, a BigInt,
 * too long, too deep, a toJSON that throws) is told to `onDropped`, and so to whoever asks for it.
 */
export function keepResult(
  value: unknown,
  onDropped: (reason: string) => void,
): { readonly result?: unknown } {
  if (value === undefined) return {}
  try {
    const text: string | undefined = JSON.stringify(value)
    if (text === undefined) onDropped(`its result is a ${typeof value}`)
    else if (text.length > longestResult)
      onDropped(`its result is longer than ${longestResult} characters of JSON`)
    else if (jsonDepth(text, deepestResult) > deepestResult)
      onDropped(`its result is nested deeper than ${deepestResult} levels`)
    else return { result: JSON.parse(text) }
  } catch (error) {
    onDropped(`its result is not JSON: ${describeThrown(error).reason}`)
  }
  return {}
}
