import type { Instant } from '../core/instant.ts'
import type { ResultTable } from './result-table.ts'

/** Those that came last are kept, whatever their time: a burst of a day would otherwise fill the disk. */
const mostResults = { results: 1_000_000, bytes: 2 ** 30 } as const

export interface PruneResultsOptions {
  readonly now: Instant
  readonly signal: AbortSignal
  /** Does it in a transaction of its own. */
  readonly write: (act: () => boolean) => Promise<boolean>
  readonly most?: { readonly results: number; readonly bytes: number }
}

/**
 * Removes from the broker's file the results whose time has come, and the oldest of those beyond what is kept, in short
 * steps between which others write. It ends early once the signal is aborted.
 */
export async function pruneResults(table: ResultTable, options: PruneResultsOptions): Promise<void> {
  const { now, signal, write } = options
  await untilDone(signal, () => write(() => table.forget(now)))
  const surplus = await newestSurplus(table, options)
  if (surplus !== undefined) await untilDone(signal, () => write(() => table.removeThrough(surplus)))
}

/** The seq of the newest result that there is no room for; counted in slices, so rather fewer are kept than may be. */
async function newestSurplus(
  table: ResultTable,
  { signal, most = mostResults }: PruneResultsOptions,
): Promise<number | undefined> {
  let [before, results, bytes] = [Number.MAX_SAFE_INTEGER, 0, 0]
  while (!signal.aborted) {
    const slice = table.sliceBefore(before)
    results += slice.results
    bytes += slice.bytes
    if (results > most.results || bytes > most.bytes) return slice.last
    if (slice.results === 0) return undefined
    before = slice.first
    await new Promise((resolve) => setImmediate(resolve))
  }
  return undefined
}

async function untilDone(signal: AbortSignal, step: () => Promise<boolean>): Promise<void> {
  while (!signal.aborted && (await step())) await new Promise((resolve) => setImmediate(resolve))
}
