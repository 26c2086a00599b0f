import type { Clock } from '../core/clock.ts'
import { type Instant, instant } from '../core/instant.ts'
import type { Entry } from '../schedule/entry.ts'
import type { NextRun } from './beat-event.ts'
import { inSlices } from './in-slices.ts'
import type { ScheduleChange } from './roster.ts'

/** How a schedule differs from the one before. */
export interface ScheduleDiff {
  readonly added: number
  readonly changed: number
  readonly removed: number
  /** The first of them in detail; nobody reads thousands. */
  readonly details: readonly EntryDiff[]
}

export interface EntryDiff {
  readonly kind: 'added' | 'changed' | 'removed'
  readonly entry: string
  /** When it would have run next, and when it does now; undefined = never. */
  readonly nextBefore: Instant | undefined
  readonly nextAfter: Instant | undefined
}

const detailLimit = 100

/** Sums up changes for people. */
export function describeChanges(changes: readonly ScheduleChange[], now: Instant): ScheduleDiff {
  const count = { added: 0, changed: 0, removed: 0 }
  for (const change of changes) count[kindOf(change)] += 1
  const details = changes.slice(0, detailLimit).map(
    (change): EntryDiff => ({
      kind: kindOf(change),
      entry: change.name,
      nextBefore: change.before && nextRun(change.before.entry, now),
      nextAfter: change.after && nextRun(change.after.entry, now),
    }),
  )
  return { ...count, details }
}

/** When an entry starts next, jitter included: the slot just past may have been moved beyond now. */
export function nextRun(entry: Entry, now: Instant): Instant | undefined {
  const after = instant(now - (entry.spec.jitter ?? 0))
  for (let due = entry.timeline.next(after); due !== undefined; due = entry.timeline.next(due)) {
    const eta = entry.etaOf(due)
    if (eta > now) return eta
  }
  return undefined
}

/** The first of all entries to run next. */
export async function findNextRun(
  entries: Iterable<{ readonly entry: Entry }>,
  now: Instant,
  clock: Clock,
): Promise<NextRun | undefined> {
  let next: NextRun | undefined
  await inSlices(entries, clock, ({ entry }) => {
    const eta = nextRun(entry, now)
    if (eta !== undefined && (next === undefined || eta < next.eta)) next = { entry: entry.spec.name, eta }
  })
  return next
}

function kindOf({ before, after }: ScheduleChange): EntryDiff['kind'] {
  if (!after) return 'removed'
  return before ? 'changed' : 'added'
}
