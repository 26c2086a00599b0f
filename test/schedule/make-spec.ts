import { type Instant, instant } from '../../src/core/instant.ts'
import { compileEntry, type Entry } from '../../src/schedule/entry.ts'
import type { EntrySpec } from '../../src/schedule/entry-spec.ts'

/** An entry that says nothing but what a test is about. */
export function makeSpec(said: Partial<EntrySpec> = {}): EntrySpec {
  return {
    name: 'backup',
    task: 'backup',
    timings: [],
    timezone: 'UTC',
    missed: 'latest',
    overlap: 'skip',
    enabled: true,
    args: [],
    kwargs: {},
    queue: 'taskbeat',
    priority: 5,
    ...said,
  }
}

export function makeEntry(said: Partial<EntrySpec> = {}): Entry {
  return compileEntry(makeSpec(said))
}

/** `at('2026-03-29T01:00:00Z')` */
export function at(text: string): Instant {
  const ms = Date.parse(text)
  if (Number.isNaN(ms)) throw new RangeError(`not a date: ${text}`)
  return instant(ms)
}
