import { didYouMean } from '../config/did-you-mean.ts'
import type { Settings } from '../config/settings.ts'
import { TaskbeatError } from '../core/errors.ts'
import type { EntrySpec } from '../schedule/entry-spec.ts'

/** The entry of this name. Throws USAGE when there is none. */
export function findEntry({ schedules }: Settings, name: string): EntrySpec {
  const found = schedules.find((spec) => spec.name === name)
  if (!found) throw unknownEntries(schedules, [name])
  return found
}

/** The entries of these names, all of them when there are no names. Throws USAGE for those that do not exist. */
export function findEntries({ schedules }: Settings, names: readonly string[]): readonly EntrySpec[] {
  if (names.length === 0) return schedules
  const wanted = new Set(names)
  const found = schedules.filter((spec) => wanted.has(spec.name))
  for (const { name } of found) wanted.delete(name)
  if (wanted.size > 0) throw unknownEntries(schedules, [...wanted])
  return found
}

function unknownEntries(schedules: readonly EntrySpec[], names: readonly string[]): TaskbeatError {
  const known = schedules.map((spec) => spec.name)
  return new TaskbeatError(
    'USAGE',
    names.map((name) => `there is no entry ${name}${didYouMean(name, known)}`).join('\n'),
  )
}
