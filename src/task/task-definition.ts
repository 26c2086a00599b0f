import type { Milliseconds } from '../core/instant.ts'
import type { TaskOptions } from './define-task.ts'
import type { Isolation } from './isolation.ts'
import type { Rate } from './rate.ts'
import { atMostOnce, type RetryPolicy } from './retry-policy.ts'

/** What a task runs. A `module` task is found among the exports of the worker's modules by its name. */
export type TaskAction =
  | { readonly kind: 'command'; readonly argv: readonly string[] }
  | { readonly kind: 'shell'; readonly script: string }
  | { readonly kind: 'module' }

/** A task that a worker knows, as its configuration has it: plain data, defaults filled in. */
export interface TaskDefinition {
  readonly name: string
  readonly action: TaskAction
  /** Arguments are written to standard input as `{"args": […], "kwargs": {…}}`; otherwise it is /dev/null. */
  readonly stdin?: 'json'
  readonly env: Readonly<Record<string, string>>
  /** Absolute path of a file of NAME=value lines, read at each start. */
  readonly envFile?: string
  /** Absolute path; default the directory of the configuration file. */
  readonly cwd: string
  /** Of a command: the user that it runs as; undefined = the worker's own, or the one that a worker as root is told. */
  readonly user?: string
  /** The hard limit of one attempt; undefined = none. */
  readonly timeout?: Milliseconds
  /** When an attempt is asked to end, before `timeout` makes it; undefined = never. */
  readonly softTimeout?: Milliseconds
  /** Of a module's task: where its code runs. Commands are processes of their own. */
  readonly isolation: Isolation
  /** Of a module's task: what was said of it by name, so that the module's own word does not count. */
  readonly own?: readonly (keyof TaskOptions)[]
  /** Between SIGTERM and SIGKILL when an attempt is stopped. */
  readonly killAfter: Milliseconds
  readonly retry: RetryPolicy
  /** A run is rather lost, and reported, than repeated; undefined = at least once. */
  readonly delivery?: 'at_most_once'
  /** The task that is sent word when a run of it has failed for good; undefined = nobody is. */
  readonly onFailure?: string
  /** How many of its runs may start in so much time, in each worker process; undefined = any number. */
  readonly rate?: Rate
  /** How many of its runs may execute at once in each worker process; undefined = as many as there are slots. */
  readonly concurrency?: number
  /** Nothing is written down of its runs, and a copy of a message is not recognised. */
  readonly journal?: false
  /** How much of the output's head, and as much of its tail, the journal keeps. */
  readonly outputLimitBytes: number
  /** Where it is sent when the sender names no queue; undefined = the default queue. */
  readonly queue?: string
  /**
   * For how long its results can be asked for; 0 = they are not kept, and nobody is told. Default defaultResultTtlMs.
   */
  readonly resultTtl?: Milliseconds
  readonly description?: string
}

/** When a failed attempt of this task is followed by another. */
export function retryPolicyOf({ delivery, retry }: Pick<TaskDefinition, 'delivery' | 'retry'>): RetryPolicy {
  return delivery === 'at_most_once' ? atMostOnce : retry
}

/** What holds for a task of which the configuration says nothing. */
export type TaskDefaults = Omit<TaskDefinition, 'name' | 'action'>

/** The defaults of what a task leaves unsaid. */
export const defaultKillAfterMs = 10_000
export const defaultOutputLimitBytes = 65_536
