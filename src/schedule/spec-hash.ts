import { hashText } from '../core/hash-text.ts'
import type { EntrySpec, Timing } from './entry-spec.ts'

/** Keys that came later count where they are given, so that the hashes of all other entries stay what they were. */
type Later = 'onFailure'

/**
 * What counts: everything that an entry says, but for its description. A key that
 * is added to the spec belongs here or to `Later`.
 */
const meaningful: { readonly [Key in Exclude<keyof EntrySpec, 'description' | Later>]: true } = {
  anchor: true,
  args: true,
  enabled: true,
  end: true,
  except: true,
  expires: true,
  jitter: true,
  kwargs: true,
  missed: true,
  missedWindow: true,
  name: true,
  overlap: true,
  priority: true,
  queue: true,
  start: true,
  task: true,
  timezone: true,
  timings: true,
}

const keys = Object.keys(meaningful).sort() as (keyof typeof meaningful)[]

/**
 * A stable hash of everything that an entry says, but for its description; the order of keys does not matter, and
 * neither does a key that is undefined. Beats of several versions compare it.
 */
export function hashOf(spec: EntrySpec): string {
  const later = spec.onFailure === undefined ? [] : [inOrder({ onFailure: spec.onFailure })]
  const said = { ...spec, timings: spec.timings.map(withoutRemark) }
  return hashText(JSON.stringify([...keys.map((key) => inOrder(said[key])), ...later]))
}

function withoutRemark(timing: Timing): Timing {
  return timing.kind === 'at' ? { kind: 'at', instant: timing.instant } : timing
}

/** A hash of the whole schedule from those of its entries, in any order. */
export function scheduleHash(entryHashes: Iterable<string>): string {
  return hashText([...entryHashes].sort().join('\n'))
}

/** A number in [0, range) that depends on the text alone, evenly spread over texts. */
export function stableNumber(text: string, range: number): number {
  // 48 bits of the hash, more than any range of milliseconds needs.
  return Number.parseInt(hashText(text).slice(-12), 16) % range
}

/** The same value with the keys of its maps in order. */
function inOrder(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(inOrder)
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return members.length === 0
    ? emptyMap
    : Object.fromEntries(members.map(([key, member]) => [key, inOrder(member)]))
}

const emptyMap = {}
