/**
 * What a value has that JSON would leave out, or write as something else without a word, and where: `NaN at args[0].to`.
 * What has a toJSON answers for itself, and what JSON refuses aloud is left to it, but for a cycle: that would have no
 * end here. It costs about what the encoding does.
 */
export function findUnwritable(value: unknown, path: string): string | undefined {
  const found = search(value, [])
  return found && `${found.what} at ${path}${found.steps.reverse().map(toText).join('')}`
}

interface Found {
  readonly what: string
  /** From the inside out. */
  readonly steps: (string | number)[]
}

/** Deeper than any broker takes. */
const deepest = 64

function search(value: unknown, within: object[]): Found | undefined {
  if (typeof value !== 'object') return searchPlain(value)
  if (value === null || within.length > deepest) return undefined
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? found('a Date that is none') : undefined
  if ('toJSON' in value && typeof value.toJSON === 'function') return undefined
  if (within.includes(value)) return found('a cycle')
  within.push(value)
  const inside = Array.isArray(value) ? searchList(value, within) : searchObject(value, within)
  within.pop()
  return inside
}

function searchPlain(value: unknown): Found | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : found(String(value))
  return typeof value === 'function' || typeof value === 'symbol' ? found(`a ${typeof value}`) : undefined
}

function searchList(list: readonly unknown[], within: object[]): Found | undefined {
  for (let index = 0; index < list.length; index++) {
    const inside = list[index] === undefined ? found('undefined') : search(list[index], within)
    inside?.steps.push(index)
    if (inside) return inside
  }
  return undefined
}

/** A member that is undefined is one that is not there. */
function searchObject(object: object, within: object[]): Found | undefined {
  if (Object.getPrototypeOf(object) !== Object.prototype) {
    const kind = Object.prototype.toString.call(object).slice('[object '.length, -1)
    if (emptied.has(kind)) return found(`${kind === 'Error' ? 'an' : 'a'} ${kind}`)
  }
  for (const key of Object.keys(object)) {
    const inside = search((object as Readonly<Record<string, unknown>>)[key], within)
    inside?.steps.push(key)
    if (inside) return inside
  }
  return undefined
}

/** JSON writes these as `{}`: what they hold is in no member. */
const emptied = new Set(['Map', 'Set', 'WeakMap', 'WeakSet', 'Promise', 'RegExp', 'Error'])

function found(what: string): Found {
  return { what, steps: [] }
}

function toText(step: string | number): string {
  if (typeof step === 'number') return `[${step}]`
  return /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`
}
