import { type Instant, instant } from '../core/instant.ts'
import type { Journal } from '../journal/journal.ts'
import type { MissedRecord, RunQuery, RunSummary } from '../journal/run.ts'

/** Something that happened, or did not, with the moment that gives it its place among the others. */
export type HistoryItem =
  | { readonly kind: 'run'; readonly at: Instant; readonly run: RunSummary }
  | { readonly kind: 'missed'; readonly at: Instant; readonly missed: MissedRecord }

/** What ran and what was missed, the newest first: everything, or what concerns an entry or a task of this name. */
export function readHistory(journal: Journal, name: string | undefined, limit: number): HistoryItem[] {
  const queries: RunQuery[] =
    name === undefined
      ? [{ limit }]
      : [
          { entry: name, limit },
          { task: name, limit },
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
  return [...items.values()].sort((a, b) => b.at - a.at).slice(0, limit)
}

/** When it started; of what never did, when that was decided. */
function placeOf({ started, finished, due }: RunSummary): Instant {
  return started ?? finished ?? due ?? instant(0)
}
