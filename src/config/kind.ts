import type { Place } from './place.ts'

/** A part of a JSON Schema (draft 2020-12). It admits whatever the reader admits, and often more. */
export type JsonSchema = { readonly [keyword: string]: unknown }

/** A kind of value: what is expected, and how it is read from its place, any problem reported there. */
export interface Kind<T> {
  /** Fit to follow "expected": `a duration such as 10s`. */
  readonly expected: string
  /** The same for editors. */
  readonly schema: JsonSchema
  read(at: Place): T | undefined
}

/** A value together with where it was said. */
export interface Given<T> {
  readonly value: T
  readonly at: Place
}

/** What a text becomes: a value, or nothing, with a hint for whoever wrote it where there is one. */
export type TextRule<T> = (text: string, at: Place) => { readonly value?: T; readonly hint?: string }

/** One word or text, or what counts as it is written. */
export const scalarSchema = { type: ['string', 'number', 'boolean'] } as const

/** A kind that is written as one word or text; numbers and the like count as they are written. */
export function fromText<T>(expected: string, rule: TextRule<T>, schema: JsonSchema = scalarSchema): Kind<T> {
  return {
    expected,
    schema,
    read(at) {
      const written = writtenText(at, expected)
      if (written === undefined) return undefined
      const { value, hint } = rule(written, at)
      return value === undefined ? at.mismatch(expected, hint) : value
    },
  }
}

/** What is written as one word or text. */
export function writtenText(at: Place, expected: string): string | undefined {
  const { node } = at
  return node.kind === 'scalar' && node.value !== null ? node.source : at.mismatch(expected)
}

/** A value that keeps its place. */
export function placed<T>(kind: Kind<T>): Kind<Given<T>> {
  return {
    expected: kind.expected,
    get schema() {
      return kind.schema
    },
    read(at) {
      const value = kind.read(at)
      return value === undefined ? undefined : { value, at }
    },
  }
}

/** A list of one kind. */
export function listOf<T>(item: Kind<T>, expected: string, least = 0): Kind<readonly T[]> {
  return {
    expected,
    get schema() {
      return { type: 'array', items: item.schema, ...(least > 0 && { minItems: least }) }
    },
    read(at) {
      if (at.node.kind !== 'list' || at.node.items.length < least) return at.mismatch(expected)
      const values = at.node.items.map((node, index) => item.read(at.item(index, node)))
      return values.every((value) => value !== undefined) ? values : undefined
    },
  }
}

/** One, or a list of at least one; each keeps its place. */
export function oneOrMore<T>(kind: Kind<T>): Kind<readonly Given<T>[]> {
  const one = placed(kind)
  return {
    expected: `${kind.expected}, or a list of such`,
    get schema() {
      return { anyOf: [kind.schema, { type: 'array', items: kind.schema, minItems: 1 }] }
    },
    read(at) {
      const places = at.node.kind === 'list' ? at.node.items.map((node, index) => at.item(index, node)) : [at]
      if (places.length === 0) return at.mismatch(kind.expected)
      const given = places.map((place) => one.read(place))
      return given.every((each) => each !== undefined) ? given : undefined
    },
  }
}

/** One of a few words. */
export function oneOf<const T extends string>(words: readonly T[]): Kind<T> {
  const expected = [words.slice(0, -1).join(', '), words.at(-1)].filter((part) => part !== '').join(' or ')
  return fromText<T>(
    expected,
    (text) => {
      const value = words.find((word) => word === text)
      return value === undefined ? {} : { value }
    },
    { enum: words },
  )
}
