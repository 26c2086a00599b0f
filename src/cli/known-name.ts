import { didYouMean } from '../config/did-you-mean.ts'
import type { Settings } from '../config/settings.ts'
import { TaskbeatError } from '../core/errors.ts'
import type { EntrySpec } from '../schedule/entry-spec.ts'

/** The entries of these names, all of them when there are no names. Throws USAGE for those that do not exist. */
export function findEntries({ schedules }: Settings, names: readonly string[]): readonly EntrySpec[] {
  if (names.length === 0) return schedules
  const byName = new Map(schedules.map((spec) => [spec.name, spec]))
  const unknown = names.filter((name) => !byName.has(name))
  if (unknown.length > 0)
    throw new TaskbeatError(
      'USAGE',
      unknown.map((name) => `there is no entry ${name}${didYouMean(name, byName.keys())}`).join('\n'),
    )
  return [...new Set(names)].flatMap((name) => byName.get(name) ?? [])
}

/** The entry of this name. Throws USAGE when there is none. */
export function findEntry(settings: Settings, name: string): EntrySpec {
  const [found] = findEntries(settings, [name])
  if (!found) throw new TaskbeatError('USAGE', `there is no entry ${name}`)
  return found
}

/** Whether an entry or a task of the file has this name; a module may have tasks beside those. */
export function hasName({ schedules, tasks }: Settings, name: string): boolean {
  return [schedules, tasks].some((named) => named.some((each) => each.name === name))
}
