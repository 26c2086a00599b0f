import { defaultApp } from './default-app.ts'
import type { Isolation } from './isolation.ts'
import type { Run } from './run.ts'
import type { DurationText, TaskContext } from './task-context.ts'

/** Does the work. It may be async; what it returns is kept as the run's result, where it is JSON. */
export type TaskHandler<Args extends readonly unknown[], Result> = (ctx: TaskContext, ...args: Args) => Result

/** When a failed attempt is followed by another; what is left out is as with a number. */
export interface RetryOptions {
  /** Attempts after the first. */
  readonly max: number
  /** The wait before the first of them. */
  readonly delay?: DurationText
  /** Each wait is this many times as long as the one before. */
  readonly factor?: number
  /** The longest wait. */
  readonly maxDelay?: DurationText
  /** `full` waits a random part of the time. */
  readonly jitter?: 'none' | 'full'
}

/** What a module says of its task; `tasks:` in the configuration overrides each of them. */
export interface TaskOptions {
  /** The hard limit of one attempt. Default: that of the configuration. */
  readonly timeout?: DurationText
  /** Attempts after the first, or when they are made: waits double from 10s up to 10m, with jitter. Default 0. */
  readonly retry?: number | RetryOptions
  /** `at_most_once`: a run that its worker's death interrupts is reported and not repeated. */
  readonly delivery?: 'at_least_once' | 'at_most_once'
  /** The task that is sent word when a run of this one has failed for good. */
  readonly onFailure?: string
  /** How many of its runs may start in so much time, in each worker process: `10/m`, `5/s`, `100/h`. */
  readonly rate?: string
  /** How many of its runs may execute at once in each worker process. */
  readonly concurrency?: number
  /** False: nothing is written down of its runs, and one that was delivered twice runs twice. */
  readonly journal?: boolean
  /** Where its messages wait when their sender names no queue. Default `taskbeat`. */
  readonly queue?: string
  /** For how long its results can be asked for, or `none`. Default that of the configuration, which is a day. */
  readonly resultTtl?: DurationText
  /** When `ctx.signal` is aborted and the attempt should come to its end. */
  readonly softTimeout?: DurationText
  /** Where its code runs. Default: that of the configuration, which is `thread`. */
  readonly isolation?: Isolation
}

/** A task as a module defines it: a name that messages can carry, and the handler behind it. */
export interface Task<
  Args extends readonly unknown[] = readonly never[],
  Result = unknown,
  Name extends string = string,
> {
  readonly name: Name
  readonly handler: TaskHandler<Args, Result>
  readonly options: TaskOptions
  /**
   * Has it run by a worker: sends it by the default app, which is connected at its first use by the configuration that
   * the commands find. Resolves when the broker has accepted it.
   */
  delay(...args: Args): Promise<Run<Awaited<Result>>>
}

/** Registered globally, so that a task made by another copy of this package is still a task. */
const mark: unique symbol = Symbol.for('taskbeat.task')

/**
 * Gives a function a name by which the schedule and applications can have it run by a worker. A worker takes every
 * exported task of the modules that its configuration names.
 *
 * Positional arguments are spread; keyword arguments, if there are any, are one last object. They come from a message,
 * that is from outside: the types here say what callers are held to, not what has been checked.
 *
 * @example
 * export const add = defineTask('add', (ctx, x: number, y: number) => x + y, { timeout: '5s' })
 * @throws TypeError when the name is empty or the handler is no function
 */
export function defineTask<Args extends readonly unknown[], Result, const Name extends string>(
  name: Name,
  handler: TaskHandler<Args, Result>,
  options: TaskOptions = {},
): Task<Args, Result, Name> {
  if (typeof name !== 'string' || name === '')
    throw new TypeError(`expected the name of a task, got ${typeof name === 'string' ? "''" : typeof name}`)
  if (typeof handler !== 'function')
    throw new TypeError(`expected the handler of ${name} to be a function, got ${typeof handler}`)
  const task: Task<Args, Result, Name> = {
    name,
    handler,
    options,
    delay: async (...args) => (await defaultApp()).send(task, args),
  }
  return Object.freeze(Object.assign(task, { [mark]: true }))
}

/** Whether a module's export was made by `defineTask`. */
export function isTask(value: unknown): value is Task {
  return typeof value === 'object' && value !== null && mark in value
}
