import type { Kind } from './kind.ts'
import type { Place } from './place.ts'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** How deep arguments may be nested; a message's reader looks no deeper. */
const largestArgumentNesting = 32

/** Positional arguments. */
export const jsonList: Kind<readonly Json[]> = {
  expected: 'a list',
  read(at) {
    if (at.node.kind !== 'list') return at.mismatch(this.expected)
    const value = readJson(at, largestArgumentNesting)
    return Array.isArray(value) ? value : undefined
  },
}

/** Keyword arguments. */
export const jsonMap: Kind<Readonly<Record<string, Json>>> = {
  expected: 'a map',
  read(at) {
    if (at.node.kind !== 'map') return at.mismatch(this.expected)
    const value = readJson(at, largestArgumentNesting)
    return isRecord(value) ? value : undefined
  },
}

function isRecord(value: Json | undefined): value is Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function readJson(at: Place, depth: number): Json | undefined {
  const { node } = at
  if (node.kind === 'scalar') {
    if (typeof node.value !== 'number' || Number.isFinite(node.value)) return node.value
    return at.problem(`expected a number that JSON can carry, got ${node.source}`)
  }
  if (depth === 0) return at.problem(`arguments are nested deeper than ${largestArgumentNesting} levels`)
  if (node.kind === 'list')
    return node.items.map((item, index) => readJson(at.item(index, item), depth - 1) ?? null)
  const members: Record<string, Json> = {}
  for (const { key, value } of at.pairs(node)) {
    const member = readJson(at.at(key, value), depth - 1)
    if (member !== undefined) members[key] = member
  }
  return members
}
