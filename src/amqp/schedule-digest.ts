import type { ScheduleDifference } from '../broker/broker-status.ts'
import type { ScheduleInForce } from '../broker/term.ts'

/** What a beat tells of its schedule to whoever compares: each entry and a part of its hash. */
export type ScheduleDigest = ReadonlyMap<string, string>

/** The control method that asks the beats of a group for it. */
export const scheduleMethod = 'taskbeat.schedule'

/** Nobody reads more differences than that, and an answer has to be small. */
const mostEntries = 2_000
const longestName = 200

/** Null: too many entries to tell. */
export function toDigest({ entries }: ScheduleInForce): readonly (readonly [string, string])[] | null {
  if (entries.size > mostEntries) return null
  return [...entries].map(([name, { hash }]) => [name, hash.slice(0, 12)])
}

/** The answer comes from outside: undefined when it is none. */
export function readDigest(value: unknown): ScheduleDigest | undefined {
  if (!Array.isArray(value) || value.length > mostEntries || !value.every(isPair)) return undefined
  return new Map(value)
}

function isPair(value: unknown): value is readonly [string, string] {
  if (!Array.isArray(value) || value.length !== 2) return false
  return value.every((text) => typeof text === 'string' && text.length <= longestName && !/\p{C}/u.test(text))
}

/** How `theirs` differs from the leader's. */
export function compareDigests(leaders: ScheduleDigest, theirs: ScheduleDigest): ScheduleDifference {
  return {
    added: [...theirs.keys()].filter((name) => !leaders.has(name)),
    removed: [...leaders.keys()].filter((name) => !theirs.has(name)),
    changed: [...theirs].filter(([name, hash]) => (leaders.get(name) ?? hash) !== hash).map(([name]) => name),
  }
}
