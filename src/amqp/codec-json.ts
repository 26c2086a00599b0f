import { jsonDepth } from '../core/json-depth.ts'
import { Unreadable } from './codec-unreadable.ts'

/** How deep a text may be nested. */
const deepestNesting = 64

/** What could be a number that JavaScript does not hold, or a key that is more than a key. Rare, so looked at closely. */
const suspicious = /\d{16}|e\+?\d{3}|__proto__|\\u005f/i

/**
 * A JSON text whose every value is held exactly. Python also writes `NaN`, and whole numbers of any size, of which
 * JavaScript would silently keep the nearest it has: those are refused, and so are depth bombs and keys `__proto__`.
 * Throws Unreadable.
 */
export function parseStrictJson(text: string): unknown {
  if (jsonDepth(text, deepestNesting) > deepestNesting) {
    throw new Unreadable(`it is nested deeper than ${deepestNesting} levels`)
  }
  try {
    return suspicious.test(text) ? JSON.parse(text, refuseInexact) : JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) throw new Unreadable(notJson(text))
    throw error
  }
}

/** A reviver, whose third argument has the value as it was written. */
function refuseInexact(key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (key === '__proto__') throw new Unreadable('it has a key __proto__')
  if (typeof value !== 'number') return value
  const source = context?.source ?? ''
  const shown = source.length > 40 ? `${source.slice(0, 40)}…` : source
  if (!Number.isFinite(value)) throw new Unreadable(`the number ${shown} is too large`)
  if (/^-?\d+$/.test(source) && !Number.isSafeInteger(value)) {
    throw new Unreadable(`the whole number ${shown} is beyond 2^53 and would be rounded: send it as a string`)
  }
  return value
}

function notJson(text: string): string {
  const outsideStrings = text.replaceAll(/"(?:[^"\\]|\\.)*"/gs, '""')
  const constant = /-?\b(?:NaN|Infinity)\b/.exec(outsideStrings)?.[0]
  return constant === undefined ? 'it is no JSON' : `it has ${constant}, which JSON does not know`
}
