import type { Place } from './place.ts'
import { readEntry, type WrittenEntry } from './read-entry.ts'
import { isName, nameExpected } from './simple-kinds.ts'
import type { Surroundings } from './surroundings.ts'
import { quoted } from './yaml-node.ts'

/** The entries under `schedules`, one after the other, without those that are not to be understood. */
export function* readEntries(schedules: Place | undefined, around: Surroundings): Generator<WrittenEntry> {
  if (schedules?.node.kind !== 'map') return
  for (const { key, keyOffset, value } of schedules.pairs(schedules.node)) {
    const place = schedules.at(key, value)
    if (!isName(key)) place.problem(`expected ${nameExpected}, got ${quoted(key)}`, keyOffset)
    const entry = readEntry(key, place, around)
    if (entry) yield entry
  }
}
