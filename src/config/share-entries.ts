import type { EntrySpec, Timing } from '../schedule/entry-spec.ts'

const nothing: readonly never[] = []
const noNames: Readonly<Record<string, never>> = {}

/**
 * Gives entries that came out of a thread their parts in common back: what was one text there has become 100,000.
 * Nothing about an entry changes but how much memory it takes.
 */
export function createSharer(): (entry: EntrySpec) => EntrySpec {
  const texts = new Map<string, string>()
  const rules = new Map<string, readonly Timing[]>()

  function text<T extends string>(written: T): T {
    const known = texts.get(written)
    if (known === undefined) texts.set(written, written)
    return (known as T | undefined) ?? written
  }

  function timings(written: readonly Timing[]): readonly Timing[] {
    const [first, ...others] = written
    if (first?.kind !== 'cron' || others.length > 0) return written
    const known = rules.get(first.expression) ?? written
    rules.set(first.expression, known)
    return known
  }

  return (entry) => ({
    ...entry,
    task: text(entry.task),
    timings: timings(entry.timings),
    timezone: text(entry.timezone),
    missed: text(entry.missed),
    overlap: text(entry.overlap),
    args: entry.args.length === 0 ? nothing : entry.args,
    kwargs: Object.keys(entry.kwargs).length === 0 ? noNames : entry.kwargs,
    queue: text(entry.queue),
  })
}
