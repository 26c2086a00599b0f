import { parseDuration } from '../core/duration.ts'
import { TaskbeatError } from '../core/errors.ts'
import { type Instant, instant, type Milliseconds, milliseconds, plus } from '../core/instant.ts'
import { newUuid } from '../core/uuid.ts'
import type { SendOptions } from '../task/run.ts'
import type { DurationText } from '../task/task-context.ts'
import { defaultPriority, defaultQueue, type TaskMessage } from '../task/task-message.ts'
import { findUnwritable } from './unwritable.ts'

/** A call as its sender wrote it. */
export interface Written {
  readonly task: string
  readonly args: readonly unknown[]
  readonly kwargs: Readonly<Record<string, unknown>>
  readonly options: SendOptions
  /** Where the task's messages go when the sender names no queue. */
  readonly queue: string | undefined
}

/** The message of a call. Throws USAGE for options that mean nothing; the broker looks at the rest. */
export function toMessage({ task, args, kwargs, options, queue }: Written, now: Instant): TaskMessage {
  if (!Array.isArray(args)) throw usage(`expected the arguments of ${task} to be a list, got ${typeof args}`)
  const got = findUnwritable(args, 'args') ?? findUnwritable(kwargs, 'kwargs')
  if (got !== undefined) throw usage(`expected the arguments of ${task} to be what JSON can hold, got ${got}`)
  for (const name of Object.keys(options))
    if (!(name in optionNames))
      throw usage(`expected the options of ${task} among ${Object.keys(optionNames).join(', ')}, got ${name}`)
  const eta = readEta(options, now)
  const expires = readExpires(options, eta)
  return {
    id: options.id ?? newUuid(),
    task,
    args,
    kwargs,
    queue: options.queue ?? queue ?? defaultQueue,
    priority: options.priority ?? defaultPriority,
    eta,
    attempt: 1,
    ...(expires === undefined ? {} : { expires }),
  }
}

/** All of them. */
const optionNames: Readonly<Record<keyof SendOptions | 'kwargs', true>> = {
  countdown: true,
  eta: true,
  expires: true,
  queue: true,
  priority: true,
  id: true,
  kwargs: true,
}

function readEta({ countdown, eta }: SendOptions, now: Instant): Instant {
  if (eta !== undefined && countdown !== undefined) throw usage('expected countdown or eta, got both')
  if (eta !== undefined) return readDate('eta', eta)
  return plus(now, countdown === undefined ? milliseconds(0) : readDuration('countdown', countdown))
}

function readExpires({ expires }: SendOptions, eta: Instant): Instant | undefined {
  if (expires === undefined) return undefined
  return expires instanceof Date ? readDate('expires', expires) : plus(eta, readDuration('expires', expires))
}

function readDate(name: string, value: Date): Instant {
  if (!(value instanceof Date)) throw usage(`expected ${name} to be a Date, got ${typeof value}`)
  if (Number.isNaN(value.getTime())) throw usage(`expected ${name} to be a Date, got one that is none`)
  return instant(value.getTime())
}

/** Throws USAGE with what to write. */
export function readDuration(name: string, text: DurationText): Milliseconds {
  const length = parseDuration(String(text))
  if (typeof length !== 'object') return length
  throw usage(`expected ${name} to be a duration, got ${JSON.stringify(text)}: ${length.hint}`)
}

function usage(message: string): TaskbeatError {
  return new TaskbeatError('USAGE', message)
}
