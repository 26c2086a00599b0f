import type { Instant, Milliseconds } from '../core/instant.ts'
import type { EntrySpec, Timing } from '../schedule/entry-spec.ts'
import { defaultPriority, defaultQueue } from '../task/task-message.ts'
import { type AnyValues, type DefaultValues, entryAndTaskKeys } from './entry-keys.ts'
import type { Place } from './place.ts'
import { readCall, refuseUnreadArguments } from './read-call.ts'
import { failureTask, lengthOf, type WrittenTask } from './read-task.ts'
import { readTimings, refuseEndBeforeStart, toInstant } from './read-timings.ts'
import { refuseUnsendable } from './refuse-unsendable.ts'
import { readSection, type Values } from './section.ts'
import type { Surroundings } from './surroundings.ts'

/** An entry as the file tells it. */
export interface WrittenEntry {
  readonly name: string
  readonly at: Place
  readonly given: Values<AnyValues>
  /** The task that its `command` or `shell` defines. */
  readonly ownTask?: WrittenTask
  readonly spec: EntrySpec
}

const nothing: readonly never[] = []
const noNames: Readonly<Record<string, never>> = {}

/** Reads one entry; undefined when it has problems that leave nothing to go on with. */
export function readEntry(name: string, at: Place, around: Surroundings): WrittenEntry | undefined {
  const given = readSection(at, entryAndTaskKeys)
  if (!given) return undefined
  const timezone = (given.timezone ?? around.defaults.timezone)?.value ?? around.timezone
  const timings = readTimings(at, given, timezone)
  refuseEndBeforeStart(given, timezone)
  const task = readCall(name, at, given, around)
  if (!timings || !task) return undefined
  const ownTask = task.own ? { name, at, given } : undefined
  const called = ownTask ?? around.tasks.get(task.name)
  refuseUnreadArguments(given, called, around.defaults)
  refuseUnsendable(at, given, around)
  const spec = specify(name, task.name, timings, timezone, given, around, called)
  return { name, at, given, ...(ownTask && { ownTask }), spec }
}

function specify(
  name: string,
  task: string,
  timings: readonly Timing[],
  timezone: string,
  given: Values<AnyValues>,
  { defaults, tasks }: Surroundings,
  called: WrittenTask | undefined,
): EntrySpec {
  const onFailure = failureTask(called?.given, defaults)
  const queueOf = (of: WrittenTask | undefined): string =>
    (of?.given.queue ?? defaults.queue)?.value ?? defaultQueue
  const pick = <K extends keyof DefaultValues>(key: K): DefaultValues[K] | undefined =>
    (given[key] ?? defaults[key])?.value
  const moment = (key: 'anchor' | 'start' | 'end'): Instant | undefined => {
    const written = given[key] ?? defaults[key]
    return written && toInstant(written, timezone)
  }
  const kind = timings[0]?.kind
  const missed = pick('missed') ?? 'latest'
  const missedWindow = pick('missed_window')
  const anchor = kind === 'every' ? moment('anchor') : undefined
  const start = moment('start')
  const end = moment('end')
  const jitter = pick('jitter')
  const except = pick('except')
  const expires = lengthOf(pick('expires'))
  return {
    name,
    task,
    timings,
    timezone,
    ...(anchor !== undefined && { anchor }),
    ...(jitter && { jitter: withinPeriod(jitter, timings) }),
    ...(start !== undefined && { start }),
    ...(end !== undefined && { end }),
    ...(except && except.length > 0 && { except }),
    missed,
    ...(missedWindow !== undefined && { missedWindow }),
    ...(expires !== undefined && { expires }),
    overlap: pick('overlap') ?? (missed === 'all' ? 'queue' : 'skip'),
    enabled: pick('enabled') ?? true,
    args: pick('args') ?? nothing,
    kwargs: pick('kwargs') ?? noNames,
    queue: given.queue?.value ?? queueOf(called),
    priority: pick('priority') ?? defaultPriority,
    ...(onFailure !== undefined &&
      onFailure !== task && { onFailure: { task: onFailure, queue: queueOf(tasks.get(onFailure)) } }),
    ...(given.description && { description: given.description.value }),
  }
}

/** A jitter that `defaults` gives to all is cut to the period of those that are due more often. */
function withinPeriod(jitter: Milliseconds, [timing]: readonly Timing[]): Milliseconds {
  return timing?.kind === 'every' && jitter > timing.period ? timing.period : jitter
}
