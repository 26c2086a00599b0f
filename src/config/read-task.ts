import { type Milliseconds, milliseconds } from '../core/instant.ts'
import { defaultIsolation } from '../task/isolation.ts'
import { noRetry } from '../task/retry-policy.ts'
import { defaultResultTtlMs } from '../task/run-result.ts'
import {
  defaultKillAfterMs,
  defaultOutputLimitBytes,
  type TaskAction,
  type TaskDefaults,
  type TaskDefinition,
} from '../task/task-definition.ts'
import type { DefaultValues } from './entry-keys.ts'
import type { Place } from './place.ts'
import { isGiven, readSection, type Values } from './section.ts'
import { isName, nameExpected } from './simple-kinds.ts'
import { type TaskValues, taskKeys } from './task-keys.ts'
import { quoted } from './yaml-node.ts'

/** A task as the file tells it: what was given, and where. */
export interface WrittenTask {
  readonly name: string
  readonly at: Place
  readonly given: Values<TaskValues>
}

/** The tasks under `tasks`, by name. */
export function readTasks(at: Place | undefined): ReadonlyMap<string, WrittenTask> {
  const tasks = new Map<string, WrittenTask>()
  if (at?.node.kind !== 'map') return tasks
  for (const { key, keyOffset, value } of at.pairs(at.node)) {
    const place = at.at(key, value)
    if (!isName(key)) place.problem(`expected ${nameExpected}, got ${quoted(key)}`, keyOffset)
    const given = readSection(place, taskKeys)
    if (!given) continue
    if (!isGiven(place, 'command') && !isGiven(place, 'shell')) refuseKeysOfCommands(given)
    refuseTwoActions(given)
    tasks.set(key, { name: key, at: place, given })
  }
  return tasks
}

/** One task runs one thing. */
export function refuseTwoActions(given: Values<TaskValues>): void {
  if (given.command && given.shell) given.shell.at.problem('a task has a command or a shell, not both')
}

function refuseKeysOfCommands(given: Values<TaskValues>): void {
  for (const [key, value] of Object.entries(given)) {
    if (isTaskKey(key) && taskKeys.keys[key].ofCommands)
      value.at.problem('of use to a task with command or shell beside it; this one has neither')
  }
}

function isTaskKey(key: string): key is keyof TaskValues {
  return Object.hasOwn(taskKeys.keys, key)
}

/** The whole of a task: what it says itself, then what `defaults` says, then what holds everywhere. */
export function defineTask(
  { name, given }: WrittenTask,
  defaults: Values<DefaultValues>,
  directory: string,
): TaskDefinition {
  return { name, action: actionOf(given), ...completeTask(given, defaults, directory) }
}

/** What a module may say of its task, too. */
const moduleOptions = {
  timeout: 'timeout',
  retry: 'retry',
  delivery: 'delivery',
  on_failure: 'onFailure',
  soft_timeout: 'softTimeout',
  isolation: 'isolation',
  rate: 'rate',
  concurrency: 'concurrency',
  journal: 'journal',
  queue: 'queue',
  result_ttl: 'resultTtl',
} as const
type ModuleKey = keyof typeof moduleOptions
const moduleKeys = Object.keys(moduleOptions) as readonly ModuleKey[]

/** What runs at most once has one attempt, and is written down. */
export function refuseContradictions(given: Values<TaskValues>, defaults: Values<DefaultValues>): void {
  if ((given.delivery ?? defaults.delivery)?.value !== 'at_most_once') return
  if (given.retry && given.retry.value.max > 0)
    given.retry.at.problem('of no use with delivery: at_most_once, which makes one attempt')
  if ((given.journal ?? defaults.journal)?.value === false)
    (given.journal ?? given.delivery)?.at.problem('delivery: at_most_once needs the journal')
}

/** Who is sent word of a task's failures; its own are told to nobody. */
export function failureTask(
  given: Values<TaskValues> | undefined,
  defaults: Values<DefaultValues>,
): string | undefined {
  const written = (given?.on_failure ?? defaults.on_failure)?.value
  return written === 'none' ? undefined : written
}

/** Everything about a task but which it is. */
export function completeTask(
  given: Values<TaskValues>,
  defaults: Values<DefaultValues>,
  directory: string,
): TaskDefaults {
  const stdin = given.stdin ?? defaults.stdin
  const envFile = given.env_file ?? defaults.env_file
  const user = given.user ?? defaults.user
  const timeout = lengthOf((given.timeout ?? defaults.timeout)?.value)
  const softTimeout = lengthOf((given.soft_timeout ?? defaults.soft_timeout)?.value)
  const queue = given.queue ?? defaults.queue
  const delivery = (given.delivery ?? defaults.delivery)?.value
  const onFailure = failureTask(given, defaults)
  const rate = (given.rate ?? defaults.rate)?.value
  const concurrency = given.concurrency ?? defaults.concurrency
  const journal = given.journal ?? defaults.journal
  const resultTtl = (given.result_ttl ?? defaults.result_ttl)?.value ?? milliseconds(defaultResultTtlMs)
  const own = moduleKeys.filter((key) => given[key] && actionOf(given).kind === 'module')
  return {
    ...(stdin && { stdin: stdin.value }),
    env: mergedEnv(given, defaults),
    ...(envFile && { envFile: envFile.value }),
    cwd: (given.cwd ?? defaults.cwd)?.value ?? directory,
    ...(user && { user: user.value }),
    ...(timeout !== undefined && { timeout }),
    ...(softTimeout !== undefined && { softTimeout }),
    isolation: (given.isolation ?? defaults.isolation)?.value ?? defaultIsolation,
    killAfter: (given.kill_after ?? defaults.kill_after)?.value ?? milliseconds(defaultKillAfterMs),
    retry: (given.retry ?? defaults.retry)?.value ?? noRetry,
    ...(delivery === 'at_most_once' && { delivery }),
    ...(onFailure !== undefined && { onFailure }),
    ...(rate !== undefined && rate !== 'none' && { rate }),
    ...(concurrency && { concurrency: concurrency.value }),
    ...(journal?.value === false && { journal: false as const }),
    outputLimitBytes: (given.output_limit ?? defaults.output_limit)?.value ?? defaultOutputLimitBytes,
    ...(queue && { queue: queue.value }),
    resultTtl: lengthOf(resultTtl) ?? milliseconds(0),
    ...(own.length > 0 && { own: own.map((key) => moduleOptions[key]) }),
    ...(given.description && { description: given.description.value }),
  }
}

const noVariables: Readonly<Record<string, string>> = {}

/** The one key whose values add up. */
function mergedEnv(
  given: Values<TaskValues>,
  defaults: Values<DefaultValues>,
): Readonly<Record<string, string>> {
  if (given.env && defaults.env) return { ...defaults.env.value, ...given.env.value }
  return (given.env ?? defaults.env)?.value ?? noVariables
}

function actionOf(given: Values<TaskValues>): TaskAction {
  if (given.command) return { kind: 'command', argv: given.command.value }
  if (given.shell) return { kind: 'shell', script: given.shell.value }
  return { kind: 'module' }
}

/** A length that may have been taken back with `none`. */
export function lengthOf(value: Milliseconds | 'none' | undefined): Milliseconds | undefined {
  return value === 'none' ? undefined : value
}
