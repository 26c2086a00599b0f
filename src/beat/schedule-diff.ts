import type { Clock } from '../core/clock.ts'
import type { Instant } from '../core/instant.ts'
import type { Entry } from '../schedule/entry.ts'
import { nextStart } from '../schedule/next-start.ts'
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
      nextBefore: change.before && nextStart(change.before.entry, now),
      nextAfter: change.after && nextStart(change.after.entry, now),
    }),
  )
  return { ...count, details }
}

/** The first of all entries to run next. */
export async function findNextRun(
  entries: Iterable<{ readonly entry: Entry }>,
  now: Instant,
  clock: Clock,
): Promise<NextRun | undefined> {
  let next: NextRun | undefined
  await inSlices(entries, clock, ({ entry }) => {
    const eta = nextStart(entry, now)
    if (eta !== undefined && (next === undefined || eta < next.eta)) next = { entry: entry.spec.name, eta }
  })
  return next
}

function kindOf({ before, after }: ScheduleChange): EntryDiff['kind'] {
  if (!after) return 'removed'
  return before ? 'changed' : 'added'
}
