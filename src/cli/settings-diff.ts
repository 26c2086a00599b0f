import { dirname } from 'node:path'
import type { Settings } from '../config/settings.ts'
import type { Instant } from '../core/instant.ts'
import type { TaskDefinition } from '../task/task-definition.ts'
import { type KeyTexts, keyTextsOf } from './key-texts.ts'
import { nextStart } from './upcoming.ts'

/** What loading one file in the place of another would change. */
export interface SettingsDiff {
  readonly entries: readonly EntryDiff[]
  readonly tasks: readonly NamedDiff[]
}

export interface NamedDiff {
  readonly kind: 'added' | 'removed' | 'changed'
  readonly name: string
  /** Of what has changed: which keys, and how. */
  readonly keys: readonly KeyDiff[]
}

export interface EntryDiff extends NamedDiff {
  /** Of the entry as it is after, if it is there. */
  readonly timezone: string
  /** When it starts next, before and after; undefined = never. */
  readonly nextBefore: Instant | undefined
  readonly nextAfter: Instant | undefined
}

/** A key as the file calls it, and its value as text; undefined = not given. */
export interface KeyDiff {
  readonly key: string
  readonly before: string | undefined
  readonly after: string | undefined
}

export function diffSettings(before: Settings, after: Settings, now: Instant): SettingsDiff {
  const keysOfTask = (settings: Settings) => (task: TaskDefinition) =>
    keyTextsOf(task, dirname(settings.file))
  return {
    entries: diffNamed(before.schedules, after.schedules, keyTextsOf, keyTextsOf).map(
      ({ before: old, after: present, ...diff }) => ({
        ...diff,
        timezone: (present ?? old)?.timezone ?? 'UTC',
        nextBefore: old && nextStart(old, now),
        nextAfter: present && nextStart(present, now),
      }),
    ),
    tasks: diffNamed(before.tasks, after.tasks, keysOfTask(before), keysOfTask(after)).map(
      ({ before: _old, after: _present, ...diff }) => diff,
    ),
  }
}

/** What was, and what is to be; one of them at least. */
interface Pair<T> {
  readonly name: string
  readonly before: T | undefined
  readonly after: T | undefined
}

/** Those that differ: the removed, the added, then the changed, each in the order of its file. */
function diffNamed<T extends { readonly name: string }>(
  before: readonly T[],
  after: readonly T[],
  keysBefore: (item: T) => KeyTexts,
  keysAfter: (item: T) => KeyTexts,
): (NamedDiff & Pair<T>)[] {
  const diffs = pairsOf(before, after).flatMap((pair) => {
    if (pair.before === undefined) return { ...pair, kind: 'added' as const, keys: [] }
    if (pair.after === undefined) return { ...pair, kind: 'removed' as const, keys: [] }
    const keys = diffKeys(keysBefore(pair.before), keysAfter(pair.after))
    return keys.length === 0 ? [] : { ...pair, kind: 'changed' as const, keys }
  })
  return diffs.sort((a, b) => order[a.kind] - order[b.kind])
}

const order = { removed: 0, added: 1, changed: 2 }

function pairsOf<T extends { readonly name: string }>(before: readonly T[], after: readonly T[]): Pair<T>[] {
  const old = new Map(before.map((item) => [item.name, item]))
  const present = new Map(after.map((item) => [item.name, item]))
  const names = new Set([...old.keys(), ...present.keys()])
  return [...names].map((name) => ({ name, before: old.get(name), after: present.get(name) }))
}

function diffKeys(before: KeyTexts, after: KeyTexts): KeyDiff[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((key) => before.get(key)?.exact !== after.get(key)?.exact)
    .map((key) => ({ key, before: before.get(key)?.shown, after: after.get(key)?.shown }))
}
