import { uuidV5 } from '../core/uuid.ts'
import type { EntrySpec } from './entry-spec.ts'

/** A namespace of our own, so that these hashes are the same everywhere and nothing else's. */
const hashNamespace = 'a9c4ad4e-6bd0-4c0b-a5a9-1d1bb3a4a4b7'

/** A stable hash of everything that an entry says, but for its description; the order of keys does not matter. */
export function hashOf(spec: EntrySpec): string {
  const { description: _, ...meaning } = spec
  return hashText(canonicalJson(meaning))
}

/** A hash of the whole schedule from those of its entries, in any order. */
export function scheduleHash(entryHashes: Iterable<string>): string {
  return hashText([...entryHashes].sort().join('\n'))
}

/** A number in [0, range) that depends on the text alone, evenly spread over texts. */
export function stableNumber(text: string, range: number): number {
  // 48 bits of the hash, more than any range of milliseconds needs.
  return Number.parseInt(hashText(text).slice(24), 16) % range
}

function hashText(text: string): string {
  return uuidV5(hashNamespace, text)
}

/** JSON with its keys in order, and without those that are undefined. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`)
  return `{${members.join(',')}}`
}
