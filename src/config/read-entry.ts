import type { Instant, Milliseconds } from '../core/instant.ts'
import type { EntrySpec, Timing } from '../schedule/entry-spec.ts'
import { parseLocalDateTime } from '../schedule/local-time.ts'
import { defaultPriority, defaultQueue } from '../task/task-message.ts'
import { type AnyValues, type DefaultValues, entryAndTaskKeys, entryKeys } from './entry-keys.ts'
import type { Given } from './kind.ts'
import type { Place } from './place.ts'
import { lengthOf, refuseTwoActions, type WrittenTask } from './read-task.ts'
import { isGiven, readSection, type Values } from './section.ts'

/** What an entry is read against. */
export interface Surroundings {
  readonly timezone: string
  /** Whether the file says which zone it means, for all. */
  readonly saysTimezone: boolean
  readonly defaults: Values<DefaultValues>
  readonly tasks: ReadonlyMap<string, WrittenTask>
  /** Whether there may be tasks that this file does not show. */
  readonly modules: boolean
  /** The queues that the file's workers take from, where it says so. */
  readonly queues: readonly string[] | undefined
}

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
  const task = readCall(name, at, given, around)
  if (!timings || !task) return undefined
  const ownTask = task.own ? { name, at, given } : undefined
  const called = ownTask ?? around.tasks.get(task.name)
  refuseUnreadArguments(given, called, around.defaults)
  const spec = specify(name, task.name, timings, timezone, given, around.defaults, called)
  return { name, at, given, ...(ownTask && { ownTask }), spec }
}

/** The rules by which it is due, all of one kind. */
function readTimings(at: Place, given: Values<AnyValues>, timezone: string): readonly Timing[] | undefined {
  const [kind, other] = (['cron', 'every', 'at'] as const).filter((key) => isGiven(at, key))
  if (kind === undefined) return at.problem('when is it due? one of cron, every and at is missing')
  if (other !== undefined)
    return at.problem(`one of cron, every and at says when it is due, not both ${kind} and ${other}`)
  if (given.anchor && kind !== 'every') given.anchor.at.problem(`of use beside every, not beside ${kind}`)
  if (given.cron) return given.cron.value.map(({ value }) => ({ kind: 'cron', expression: value }))
  refuseLongJitter(given)
  if (given.every) return [{ kind: 'every', period: given.every.value }]
  if (!given.at) return undefined
  const instants = given.at.value.map((moment) => toInstant(moment, timezone))
  return instants.every((each) => each !== undefined)
    ? instants.map((each) => ({ kind: 'at', instant: each }))
    : undefined
}

/** It moves the start within the period, not past the next. */
function refuseLongJitter({ every, jitter }: Values<AnyValues>): void {
  if (every && jitter && jitter.value >= every.value)
    jitter.at.problem('expected less than the period of every, got as much or more')
}

/** What a time means in a zone; that it does not exist there, or comes twice, is worth a warning. */
function toInstant({ value, at }: Given<string>, timezone: string): Instant | undefined {
  const time = at.settle(parseLocalDateTime(value, timezone))
  if (time?.remark !== undefined) at.warning(time.remark)
  return time?.at
}

interface Call {
  readonly name: string
  /** Defined by the entry itself. */
  readonly own: boolean
}

function readCall(name: string, at: Place, given: Values<AnyValues>, around: Surroundings): Call | undefined {
  const inPlace = (['command', 'shell'] as const).find((key) => isGiven(at, key))
  if (isGiven(at, 'task')) {
    refuseTaskKeys(given, around.tasks)
    return given.task && { name: given.task.value, own: false }
  }
  if (!inPlace) return at.problem('what does it run? one of task, command and shell is missing')
  refuseTwoActions(given)
  const other = around.tasks.get(name)
  if (other)
    return at.problem(
      `${inPlace} defines a task of this name, and tasks.${name} on line ${other.at.line} does too`,
    )
  return { name, own: true }
}

/** With `task:`, what concerns the task is said where the task is. */
function refuseTaskKeys(given: Values<AnyValues>, tasks: ReadonlyMap<string, WrittenTask>): void {
  for (const [key, value] of Object.entries(given)) {
    if (Object.hasOwn(entryKeys.keys, key)) continue
    const name = given.task?.value
    const task = name === undefined ? undefined : tasks.get(name)
    const where = task ? `tasks.${name} on line ${task.at.line}` : `tasks.${name ?? 'NAME'}`
    value.at.problem(`a key of the task, which this entry only calls; write it under ${where}`)
  }
}

/** A command that reads nothing from its input is sent no arguments. */
function refuseUnreadArguments(
  given: Values<AnyValues>,
  task: WrittenTask | undefined,
  defaults: Values<DefaultValues>,
): void {
  if (!task || !(task.given.command || task.given.shell) || task.given.stdin || defaults.stdin) return
  for (const argument of [given.args, given.kwargs])
    if (argument && Object.keys(argument.value).length > 0)
      argument.at.problem(
        `the command of ${task.name} does not read them; write stdin: json beside it, or put them into the command`,
      )
}

function specify(
  name: string,
  task: string,
  timings: readonly Timing[],
  timezone: string,
  given: Values<AnyValues>,
  defaults: Values<DefaultValues>,
  called: WrittenTask | undefined,
): EntrySpec {
  const pick = <K extends keyof DefaultValues>(key: K): DefaultValues[K] | undefined =>
    (given[key] ?? defaults[key])?.value
  const kind = timings[0]?.kind
  const missed = pick('missed') ?? 'latest'
  const missedWindow = pick('missed_window')
  const anchor = kind === 'every' ? momentOf(given.anchor ?? defaults.anchor, timezone) : undefined
  const start = momentOf(given.start ?? defaults.start, timezone)
  const end = momentOf(given.end ?? defaults.end, timezone)
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
    queue: (given.queue ?? called?.given.queue ?? defaults.queue)?.value ?? defaultQueue,
    priority: pick('priority') ?? defaultPriority,
    ...(given.description && { description: given.description.value }),
  }
}

/** A jitter that `defaults` gives to all is cut to the period of those that are due more often. */
function withinPeriod(jitter: Milliseconds, [timing]: readonly Timing[]): Milliseconds {
  return timing?.kind === 'every' && jitter > timing.period ? timing.period : jitter
}

function momentOf(moment: Given<string> | undefined, timezone: string): Instant | undefined {
  return moment && toInstant(moment, timezone)
}
