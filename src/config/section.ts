import { didYouMean } from './did-you-mean.ts'
import type { Given, JsonSchema, Kind } from './kind.ts'
import type { Place } from './place.ts'
import { hasKey } from './yaml-node.ts'

/** A key of the file, declared where it is documented. */
export interface Key<T> {
  readonly kind: Kind<T>
  /** A sentence or two for the key reference. */
  readonly doc: string
  /** As a person would write or say it. */
  readonly default?: string
  /** It takes a command, in a list or for the shell, to be of use. */
  readonly ofCommands?: true
}

/** What may stand in one map of the file. */
export interface Section<V> {
  readonly keys: { readonly [K in keyof V]-?: Key<V[K]> }
}

/** What was given in a section, each with its place. A key with a problem is absent. */
export type Values<V> = { readonly [K in keyof V]?: Given<V[K]> }

/** A map that is itself a section. */
export function sectionOf<V>(section: Section<V>): Kind<Values<V>> {
  return {
    expected: 'a map',
    get schema() {
      return sectionSchema(section)
    },
    read: (at) => readSection(at, section),
  }
}

/** A section for editors: its keys with their sentences, and no others. */
export function sectionSchema<V>(section: Section<V>): JsonSchema {
  const properties = Object.entries<Key<unknown>>(section.keys).map(([name, key]) => [
    name,
    { ...key.kind.schema, description: describeKey(key) },
  ])
  return { type: 'object', properties: Object.fromEntries(properties), additionalProperties: false }
}

function describeKey({ doc, default: standard }: Key<unknown>): string {
  return standard === undefined ? doc : `${doc} Default: ${standard}.`
}

/** Reads a map by its declaration; undefined when it is no map. */
export function readSection<V>(at: Place, section: Section<V>): Values<V> | undefined {
  if (at.node.kind !== 'map') return at.mismatch('a map')
  const values: { [K in keyof V]?: Given<V[K]> } = {}
  for (const { key, keyOffset, value } of at.pairs(at.node)) {
    const place = at.at(key, value)
    if (isKeyOf(section, key)) readKey(section, key, place, values)
    else place.problem(`unknown key${didYouMean(key, Object.keys(section.keys))}`, keyOffset)
  }
  return values
}

function isKeyOf<V>(section: Section<V>, key: string): key is Extract<keyof V, string> {
  return Object.hasOwn(section.keys, key)
}

function readKey<V, K extends keyof V>(
  section: Section<V>,
  key: K,
  at: Place,
  values: { [Each in keyof V]?: Given<V[Each]> },
): void {
  const value = section.keys[key].kind.read(at)
  if (value !== undefined) values[key] = { value, at }
}

/** Whether the key is there, well written or not. */
export function isGiven(at: Place, key: string): boolean {
  return at.node.kind === 'map' && hasKey(at.node, key)
}
