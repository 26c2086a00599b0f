import type { EntrySpec } from '../schedule/entry-spec.ts'
import type { TaskDefinition } from '../task/task-definition.ts'
import type { Place } from './place.ts'
import { readEntry, type Surroundings } from './read-entry.ts'
import type { Parts } from './read-settings.ts'
import { defineTask } from './read-task.ts'
import { isName, nameExpected } from './simple-kinds.ts'
import { quoted } from './yaml-node.ts'

/** What the entries of a file come to. */
export interface Entries {
  readonly entries: readonly EntrySpec[]
  readonly entryLines: readonly number[]
  /** The tasks that they define in place. */
  readonly tasks: readonly TaskDefinition[]
  readonly taskLines: readonly number[]
  readonly queues: ReadonlySet<string>
}

/** Reads the entries one after the other, keeping of each no more than is asked for: there may be 100,000. */
export function readEntries(schedules: Place | undefined, around: Surroundings, parts: Parts): Entries {
  const entries: EntrySpec[] = []
  const entryLines: number[] = []
  const tasks: TaskDefinition[] = []
  const taskLines: number[] = []
  const queues = new Set<string>()
  if (schedules?.node.kind !== 'map') return { entries, entryLines, tasks, taskLines, queues }
  for (const { key, keyOffset, value } of schedules.pairs(schedules.node)) {
    const place = schedules.at(key, value)
    if (!isName(key)) place.problem(`expected ${nameExpected}, got ${quoted(key)}`, keyOffset)
    const entry = readEntry(key, place, around)
    if (!entry) continue
    queues.add(entry.spec.queue)
    if (parts.schedules) {
      entries.push(entry.spec)
      entryLines.push(place.line)
    }
    if (entry.ownTask && parts.tasks) {
      tasks.push(defineTask(entry.ownTask, around.defaults, place.reading.directory))
      taskLines.push(place.line)
    }
  }
  return { entries, entryLines, tasks, taskLines, queues }
}
