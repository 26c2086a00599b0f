import { largestMessageBytes } from '../task/task-message.ts'
import type { Kind } from './kind.ts'
import type { Place } from './place.ts'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** How deep arguments may be nested; a message's reader looks no deeper. */
const largestArgumentNesting = 32
/** What a message may have, less the room for its names and times. */
const largestArgumentBytes = largestMessageBytes - 8_192

/** Positional arguments. */
export const jsonList: Kind<readonly Json[]> = {
  expected: 'a list',
  schema: { type: 'array' },
  read(at) {
    if (at.node.kind !== 'list') return at.mismatch(this.expected)
    const value = readArguments(at)
    return Array.isArray(value) ? value : undefined
  },
}

/** Keyword arguments. */
export const jsonMap: Kind<Readonly<Record<string, Json>>> = {
  expected: 'a map',
  schema: { type: 'object' },
  read(at) {
    if (at.node.kind !== 'map') return at.mismatch(this.expected)
    const value = readArguments(at)
    return isRecord(value) ? value : undefined
  },
}

/** Above 2^53 whole numbers are rounded, which is not what an id is for. */
export function isExact(value: number): boolean {
  return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))
}

function isRecord(value: Json | undefined): value is Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function readArguments(at: Place): Json | undefined {
  const value = readJson(at, largestArgumentNesting)
  const problem = roomProblem(value ?? null)
  return problem === undefined ? value : at.problem(problem)
}

/** That these have no room in a message together; undefined = they have. */
export function roomProblem(...values: readonly Json[]): string | undefined {
  const bytes = values.reduce<number>((sum, value) => sum + Buffer.byteLength(JSON.stringify(value)), 0)
  if (bytes <= largestArgumentBytes) return undefined
  const [got, most] = [bytes, largestArgumentBytes].map((count) => count.toLocaleString('en'))
  return `${got} bytes as JSON, and a message has room for ${most}`
}

function readJson(at: Place, depth: number): Json | undefined {
  const { node } = at
  if (node.kind === 'scalar') {
    if (typeof node.value !== 'number' || isExact(node.value)) return node.value
    return at.problem(
      `expected a number that JSON can carry as it is, got ${node.source}; a text is written "${node.source}"`,
    )
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
