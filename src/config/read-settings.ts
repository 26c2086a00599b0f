import { milliseconds } from '../core/instant.ts'
import { defaultQueue } from '../task/task-message.ts'
import { Collection } from './collection.ts'
import type { DefaultValues } from './entry-keys.ts'
import { type FileValues, fileKeys, type RecycleValues } from './file-keys.ts'
import { readHttp } from './http-keys.ts'
import { Place } from './place.ts'
import { readBroker } from './read-broker.ts'
import { readEntries } from './read-entries.ts'
import { completeTask, readTasks } from './read-task.ts'
import type { Reading } from './reading.ts'
import { isGiven, readSection, type Values } from './section.ts'
import type { QueueSettings, Settings } from './settings.ts'
import { defaultStateDir } from './state-dir.ts'
import type { Surroundings } from './surroundings.ts'
import type { ModuleTasks } from './unknown-task.ts'
import { isEmptyMap, type YamlNode } from './yaml-node.ts'

/** Which parts the caller has a use for; everything is validated all the same. */
export interface Parts {
  readonly schedules: boolean
  readonly tasks: boolean
}

const defaultHeapBytes = 512 * 1_048_576

const noDefaults: Values<DefaultValues> = {}

/**
 * Reads the whole of a file that is YAML. What is wrong goes to the report; there may be settings all the same, which
 * are then not fit for use.
 */
export function readSettings(
  root: YamlNode,
  file: string,
  reading: Reading,
  parts: Parts,
): Settings | undefined {
  const top = new Place(reading, root)
  const given = readSection(top, fileKeys)
  if (!given) return undefined
  const stateDir = given.state_dir?.value ?? reading.stateDir ?? defaultStateDir(file, reading.env)
  const broker = readBroker(given.broker?.value, stateDir, reading)
  const queues = given.queues?.value ?? []
  const modules = given.worker?.value.modules?.value ?? []
  for (const { value, at } of modules) tellOfAbsence(value, at, reading)
  const around: Surroundings = {
    timezone: given.timezone?.value ?? 'UTC',
    saysTimezone: (given.timezone ?? given.defaults?.value.timezone) !== undefined,
    defaults: given.defaults?.value ?? noDefaults,
    tasks: readTasks(given.tasks?.value),
    moduleTasks: moduleTasksOf(modules, reading),
    queues: given.worker?.value.queues && [...new Set(given.worker.value.queues.value)],
    broker: broker.kind,
    foreignQueues: new Set(broker.kind === 'amqp' ? namesOfForeign(queues) : []),
  }
  if (!reading.isPartial) requireSchedules(top, given, reading)
  const grace = given.worker?.value.grace?.value ?? milliseconds(300_000)
  const found = new Collection(reading, around, parts, grace)
  for (const task of around.tasks.values()) found.addTask(task)
  for (const entry of readEntries(given.schedules?.value, around)) found.addEntry(entry)
  found.conclude(given.schedules?.value)
  return {
    file,
    include: given.include?.value.map(({ value }) => value) ?? [],
    timezone: around.timezone,
    stateDir,
    broker,
    queues,
    beat: { lookahead: given.beat?.value.lookahead?.value ?? milliseconds(30_000) },
    schedules: found.entries,
    tasks: found.tasks,
    taskDefaults: completeTask({}, around.defaults, reading.report.sources.directory),
    worker: {
      modules: modules.map(({ value }) => value),
      queues: around.queues ?? [...new Set([defaultQueue, ...found.queues])],
      concurrency: given.worker?.value.concurrency?.value ?? 10,
      grace,
      heapBytes: given.worker?.value.heap?.value ?? defaultHeapBytes,
      recycle: readRecycling(given.worker?.value.recycle?.value),
    },
    http: readHttp(given.http?.value),
    log: {
      level: given.log?.value.level?.value ?? 'info',
      format: given.log?.value.format?.value ?? 'auto',
    },
  }
}

function namesOfForeign(queues: readonly QueueSettings[]): string[] {
  return queues.filter(({ type }) => type === 'existing').map(({ name }) => name)
}

function readRecycling(given: Values<RecycleValues> | undefined): Settings['worker']['recycle'] {
  return {
    ...(given?.runs && { runs: given.runs.value }),
    ...(given?.memory && { memory: given.memory.value }),
  }
}

function tellOfAbsence(pattern: string, at: Place, { absentModules }: Reading): void {
  if (absentModules?.patterns.includes(pattern)) at[absentModules.severity]('no file matches')
}

function moduleTasksOf(modules: readonly unknown[], { moduleTasks }: Reading): ModuleTasks {
  if (modules.length === 0) return 'none'
  return moduleTasks ? new Set(moduleTasks) : 'unknown'
}

function requireSchedules(top: Place, given: Values<FileValues>, { role }: Reading): void {
  if (isGiven(top, 'schedules')) {
    const isEmpty = given.schedules?.value.node.kind === 'map' && isEmptyMap(given.schedules.value.node)
    // A worker of an application has none, and need not.
    if (isEmpty && role !== 'worker' && role !== 'client')
      given.schedules?.at.warning('there are no entries: nothing is ever due')
  } else if (role === 'beat' || role === 'dev') {
    top.problem('schedules is missing; if nothing shall be due, write schedules: {}')
  } else if (role === 'check') {
    top.warning('schedules is missing: a worker starts with this file, a beat does not')
  }
}
