import { between, type Instant, type Milliseconds } from '../core/instant.ts'
import { compileEntry } from '../schedule/entry.ts'
import type { EntrySpec } from '../schedule/entry-spec.ts'

/** What is to be expected of an entry in the near future. */
export interface Rhythm {
  /** When it is due next; undefined = never again. */
  readonly due: Instant | undefined
  /** When that shall start: due, moved by jitter. */
  readonly eta: Instant | undefined
  /** The shortest distance between the next few; undefined for fewer than two. */
  readonly period: Milliseconds | undefined
}

const looked = 5

/** Looks at the next few occurrences. */
export function rhythmOf(spec: EntrySpec, now: Instant): Rhythm {
  const entry = compileEntry(spec)
  const first = entry.timeline.next(now)
  const times = { due: first, eta: first === undefined ? undefined : entry.etaOf(first) }
  const [only, ...others] = spec.timings
  if (only?.kind === 'every' && others.length === 0) return { ...times, period: only.period }
  let period: Milliseconds | undefined
  let before = first
  for (let seen = 1; seen < looked && before !== undefined; seen++) {
    const after = entry.timeline.next(before)
    if (after === undefined) break
    const distance = between(before, after)
    if (period === undefined || distance < period) period = distance
    before = after
  }
  return { ...times, period }
}
