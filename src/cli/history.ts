import { type Instant, instant } from '../core/instant.ts'
import type { Journal } from '../journal/journal.ts'
import type { MissedRecord, RunQuery, RunSummary } from '../journal/run.ts'

/** Something that happened, or did not, with the moment that gives it its place among the others. */
export type HistoryItem =
  | { readonly kind: 'run'; readonly at: Instant; readonly run: RunSummary }
  | { readonly kind: 'missed'; readonly at: Instant; readonly missed: MissedRecord }

/** What ran and what was missed, the newest first: everything, or what concerns an entry or a task of this name. */
export function readHistory(
  journal: Journal,
  name: string | undefined,
  range: Pick<RunQuery, 'since' | 'until' | 'limit'>,
): HistoryItem[] {
  const queries: RunQuery[] =
    name === undefined
      ? [range]
      : [
          { ...range, entry: name },
          { ...range, task: name },
        ]
  const items = new Map<string, HistoryItem>()
  for (const query of queries) {
    for (const run of journal.runs(query)) items.set(run.id, { kind: 'run', at: placeOf(run), run })
    for (const missed of journal.missed(query))
      items.set(`${missed.first} ${missed.reason} ${missed.entry}`, {
        kind: 'missed',
        at: missed.last,
        missed,
      })
  }
  return [...items.values()].sort((a, b) => b.at - a.at).slice(0, range.limit)
}

/** More records of missed occurrences are not looked through. */
const mostMissed = 10_000

/** Of each entry the newest: what ran, or what was missed since. */
export function newestOfEntries(
  journal: Journal,
  names: readonly string[],
): ReadonlyMap<string, HistoryItem> {
  const newest = new Map<string, HistoryItem>()
  for (const missed of journal.missed({ limit: mostMissed }))
    if (!newest.has(missed.entry)) newest.set(missed.entry, { kind: 'missed', at: missed.last, missed })
  for (const entry of names) {
    const [run] = journal.runs({ entry, limit: 1 })
    if (run && placeOf(run) >= (newest.get(entry)?.at ?? 0))
      newest.set(entry, { kind: 'run', at: placeOf(run), run })
  }
  return newest
}

/**
 * When it started. What never did stands where it was due, as what was missed does, however late that was decided; or
 * where that was decided, if it was so before it was due.
 */
function placeOf({ started, finished, due }: RunSummary): Instant {
  return started ?? earlierOf(due, finished) ?? instant(0)
}

function earlierOf(a: Instant | undefined, b: Instant | undefined): Instant | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return a < b ? a : b
}
