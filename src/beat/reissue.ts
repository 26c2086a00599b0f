/**
 * What a changed schedule does to occurrences that are emitted already.
 *
 * The beat emits ahead of time, so when a schedule changes, some of the former one's occurrences up to the cursor wait
 * in the broker: those with an ETA to come. For each changed entry, by id and so by due:
 *
 *   in both forms    it stays, and takes the new content where the broker can still replace it
 *   only in the old  it is revoked
 *   only in the new  it is emitted at once, because the loop never looks behind the cursor, unless it was due before,
 *                    or another beat that led by the new schedule has emitted it
 *
 * The cursor stands still meanwhile, so doing this twice is doing it once: what is there stays, what is gone is gone.
 */
import type { Emission, Revocation, Term } from '../broker/term.ts'
import type { Clock } from '../core/clock.ts'
import { type Cursor, emittedThrough } from '../core/cursor.ts'
import { type Instant, instant, milliseconds, plus } from '../core/instant.ts'
import type { Entry } from '../schedule/entry.ts'
import type { TaskMessage } from '../task/task-message.ts'
import { inSlices } from './in-slices.ts'
import { occurrenceMessage } from './occurrence-message.ts'
import type { ScheduleChange } from './roster.ts'

/** Undefined when nothing that was emitted is concerned. */
export async function reissue(
  changes: Iterable<ScheduleChange>,
  term: Pick<Term, 'namespace' | 'stamp'>,
  cursor: Cursor,
  clock: Clock,
): Promise<Emission | undefined> {
  const messages: TaskMessage[] = []
  const replacements: TaskMessage[] = []
  const revocations: Revocation[] = []
  await inSlices(changes, clock, ({ name, before, after, loaded, isEmitted }) => {
    const through = emittedThrough(cursor, name)
    // Jitter holds back what is due; it waits, though a new entry is not asked for it any more.
    const earliest = instant(loaded - (before?.entry.spec.jitter ?? 0))
    const since = instant(Math.max(earliest, before?.since ?? loaded))
    const waiting = new Map(occurrences(before?.entry, since, through))
    for (const [due, entry] of waiting) if (entry.etaOf(due) <= loaded) waiting.delete(due)
    for (const [due, entry] of occurrences(after?.entry, before ? earliest : loaded, through)) {
      const kept = waiting.delete(due)
      if (isEmitted) continue
      if (kept) replacements.push(occurrenceMessage({ entry, due }, term))
      else if (due > loaded) messages.push(occurrenceMessage({ entry, due }, term))
    }
    for (const [due, entry] of waiting)
      revocations.push({ id: entry.idOf(term.namespace, due), until: lastStart(entry, due) })
  })
  const count = messages.length + replacements.length + revocations.length
  return count === 0 ? undefined : { messages, replacements, revocations, cursor }
}

/** How long what has no end of its own may wait behind others: workers remember what they ran for as long. */
const longestWait = milliseconds(604_800_000)

/** From then on the occurrence does not start any more, revoked or not. */
function lastStart(entry: Entry, due: Instant): Instant {
  const ends = [entry.expiresOf(due), entry.startByOf(due)].filter((end) => end !== undefined)
  return ends.length > 0 ? instant(Math.min(...ends)) : plus(entry.etaOf(due), longestWait)
}

/** What an entry has in (after, through]; nothing, when there is no entry. */
function* occurrences(
  entry: Entry | undefined,
  after: Instant,
  through: Instant,
): Generator<readonly [due: Instant, Entry]> {
  if (!entry || after >= through) return
  for (let due = entry.timeline.next(after); due !== undefined && due <= through; ) {
    yield [due, entry]
    due = entry.timeline.next(due)
  }
}
