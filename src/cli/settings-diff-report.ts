import { printable } from '../config/problem.ts'
import type { Instant } from '../core/instant.ts'
import { isoOrNull, nearTime } from './local-time.ts'
import type { EntryDiff, KeyDiff, NamedDiff, SettingsDiff } from './settings-diff.ts'
import { paint, print, type Style, type Terminal } from './terminal.ts'

const marks = { added: '+', removed: '-', changed: '~' } as const
const styles: Readonly<Record<NamedDiff['kind'], Style>> = {
  added: 'green',
  removed: 'red',
  changed: 'yellow',
}

/** For people: a line for each entry and task. */
export function printSettingsDiff(terminal: Terminal, { entries, tasks }: SettingsDiff, now: Instant): void {
  const line = ({ kind, name }: NamedDiff, noun: string, parts: readonly string[]): void =>
    print(
      terminal,
      paint(
        terminal,
        styles[kind],
        printable(`${marks[kind]} ${noun}${name}${parts.length > 0 ? `: ${parts.join(', ')}` : ''}`),
      ),
    )
  for (const entry of entries) line(entry, '', [...entry.keys.map(describeKey), describeNext(entry, now)])
  for (const task of tasks) line(task, 'task ', task.keys.map(describeKey))
  if (entries.length + tasks.length === 0) print(terminal, 'no entry and no task changes')
}

/** For programs: `{entries: [{change, entry, keys: [{key, before, after}], next_before, next_after}], tasks: […]}`. */
export function toDiffJson({ entries, tasks }: SettingsDiff): unknown {
  const toKeys = (keys: readonly KeyDiff[]): unknown =>
    keys.map(({ key, before = null, after = null }) => ({ key, before, after }))
  return {
    entries: entries.map(({ kind, name, keys, nextBefore, nextAfter }) => ({
      change: kind,
      entry: name,
      keys: toKeys(keys),
      next_before: isoOrNull(nextBefore),
      next_after: isoOrNull(nextAfter),
    })),
    tasks: tasks.map(({ kind, name, keys }) => ({ change: kind, task: name, keys: toKeys(keys) })),
  }
}

function describeKey({ key, before, after }: KeyDiff): string {
  if (key.startsWith('env.') && before !== undefined && after !== undefined) return `${key} changed`
  return `${key} ${before ?? 'unset'} → ${after ?? 'unset'}`
}

function describeNext({ kind, timezone, nextBefore, nextAfter }: EntryDiff, now: Instant): string {
  const when = (at: Instant | undefined): string => (at === undefined ? 'never' : nearTime(at, timezone, now))
  if (kind === 'added') return `next ${when(nextAfter)}`
  if (kind === 'removed') return `was next at ${when(nextBefore)}`
  return nextBefore === nextAfter
    ? `next ${when(nextAfter)}`
    : `next ${when(nextBefore)} → ${when(nextAfter)}`
}
