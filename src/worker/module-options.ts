import { milliseconds } from '../core/instant.ts'
import type { TaskOptions } from '../task/define-task.ts'
import { isolations } from '../task/isolation.ts'
import { parseRate } from '../task/rate.ts'
import type { TaskDefinition } from '../task/task-definition.ts'
import { readLength, readRetry, unknownAmong } from './module-values.ts'

/** A module's option that is none: which, and why. */
export interface OptionProblem {
  readonly option: string
  readonly hint: string
}

/** Why this cannot be the name of a queue that users choose; undefined = it can. */
export type QueueProblem = (queue: string) => string | undefined

type Read = (
  value: unknown,
  queueProblem: QueueProblem,
) => Partial<TaskDefinition> | { readonly hint: string }

/** What each option of a module's task means. Modules are not always typed, so that anything may stand there. */
const readers: Readonly<Record<keyof TaskOptions, Read>> = {
  timeout: (value) => {
    const timeout = readLength(value)
    return typeof timeout === 'object' ? timeout : { timeout }
  },
  retry: (value) => {
    const retry = readRetry(value)
    return 'hint' in retry ? retry : { retry }
  },
  delivery: (value) => {
    if (value === 'at_most_once') return { delivery: value }
    return value === 'at_least_once' ? {} : { hint: `expected at_least_once or at_most_once, got ${value}` }
  },
  onFailure: (value) =>
    typeof value === 'string' && value !== ''
      ? { onFailure: value }
      : { hint: `expected the name of a task, got ${value}` },
  softTimeout: (value) => {
    const softTimeout = readLength(value)
    return typeof softTimeout === 'object' ? softTimeout : { softTimeout }
  },
  isolation: (value) => {
    const isolation = isolations.find((word) => word === value)
    return isolation ? { isolation } : { hint: `expected ${isolations.join(' or ')}, got ${value}` }
  },
  rate: (value) => {
    const rate = parseRate(String(value))
    return 'count' in rate ? { rate } : { hint: rate.hint ?? `expected 10/m, 5/s or 100/h, got ${value}` }
  },
  concurrency: (value) =>
    Number.isInteger(value) && Number(value) >= 1
      ? { concurrency: Number(value) }
      : { hint: `expected a whole number from 1, got ${value}` },
  journal: (value) => {
    if (typeof value !== 'boolean') return { hint: `expected true or false, got ${value}` }
    return value ? {} : { journal: false }
  },
  queue: (value, queueProblem) => {
    if (typeof value !== 'string') return { hint: `expected a name, got ${value}` }
    const hint = queueProblem(value)
    return hint === undefined ? { queue: value } : { hint }
  },
  resultTtl: (value) => {
    const resultTtl = value === 'none' ? milliseconds(0) : readLength(value)
    return typeof resultTtl === 'object' ? resultTtl : { resultTtl }
  },
}

/** Keys of a task that its module has no word in. */
const ofConfiguration: ReadonlySet<string> = new Set(['kill_after', 'output_limit', 'description'])

/** What a module says of its task, where the configuration has not said it of that task by name. */
export function withModuleOptions(
  definition: TaskDefinition,
  options: TaskOptions,
  queueProblem: QueueProblem,
): TaskDefinition | OptionProblem {
  const unknown = Object.keys(options).find((option) => !Object.hasOwn(readers, option))
  if (unknown !== undefined) return { option: unknown, hint: whyUnknown(unknown, definition.name) }
  let merged = definition
  for (const option of Object.keys(readers) as (keyof TaskOptions)[]) {
    if (options[option] === undefined || definition.own?.includes(option)) continue
    const read = readers[option](options[option], queueProblem)
    if ('hint' in read) return { option, hint: String(read.hint) }
    const { [option]: _default, ...others } = merged
    merged = { ...(others as TaskDefinition), ...read }
  }
  if (merged.delivery && merged.journal === false)
    return { option: 'journal', hint: 'delivery: at_most_once needs the journal' }
  return merged.delivery && options.retry !== undefined && merged.retry.max > 0
    ? { option: 'retry', hint: 'of no use with delivery: at_most_once, which makes one attempt' }
    : merged
}

function whyUnknown(option: string, task: string): string {
  const inFile = option.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  return ofConfiguration.has(inFile)
    ? `the configuration says it: write ${inFile} under tasks.${task}`
    : unknownAmong(option, Object.keys(readers))
}
