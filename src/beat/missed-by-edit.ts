import type { NotHandedOn } from '../broker/term.ts'
import type { Clock } from '../core/clock.ts'
import { type Instant, instant } from '../core/instant.ts'
import type { Missed, MissedReason } from '../schedule/missed.ts'
import { inSlices } from './in-slices.ts'
import type { ScheduleChange } from './roster.ts'

/**
 * What was missed, also for the reasons that are not the schedule's own: it belonged to an earlier form of its entry, or
 * the broker takes no such message, or could not hand it on.
 */
export type MissedOccurrences = Omit<Missed, 'reason'> & {
  readonly reason: MissedReason | 'edited' | 'refused' | NotHandedOn['reason']
}

const mostCounted = 10_000

/**
 * What entries were due in their former form, had not been emitted, and never will be, because editing an entry fires
 * nothing that was due before the edit. Entries that were removed are missed by nobody.
 */
export async function missedByEdit(
  changes: Iterable<ScheduleChange>,
  doneThrough: (entry: string) => Instant,
  clock: Clock,
): Promise<MissedOccurrences[]> {
  const missed: MissedOccurrences[] = []
  await inSlices(changes, clock, ({ name, before, after }) => {
    if (!before || !after) return
    const { timeline } = before.entry
    const from = instant(Math.max(doneThrough(name), before.since))
    const through = after.since
    const first = timeline.next(from)
    if (first === undefined || first > through) return
    const count = timeline.count(from, through, mostCounted + 1)
    missed.push({
      entry: name,
      first,
      last: timeline.previous(justAfter(through)) ?? first,
      count: Math.min(count, mostCounted),
      exact: count <= mostCounted,
      reason: 'edited',
    })
  })
  return missed
}

function justAfter(at: Instant): Instant {
  return instant(at + 1)
}
