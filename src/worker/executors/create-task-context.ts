import { parseDuration } from '../../core/duration.ts'
import type { Milliseconds } from '../../core/instant.ts'
import type { RetryRequest, TaskContext, TaskLog } from '../../task/task-context.ts'
import type { TaskMessage } from '../../task/task-message.ts'

/** What `ctx.retry()` throws to leave the handler with. */
export class RetryAsked extends Error {
  readonly delay: Milliseconds | undefined

  constructor(reason: string, delay: Milliseconds | undefined) {
    super(reason)
    this.name = 'RetryAsked'
    this.delay = delay
  }
}

/** Takes what a task logs. */
export type TakeLog = (
  level: keyof TaskLog,
  text: string,
  fields: Readonly<Record<string, unknown>> | undefined,
) => void

/** The context of one attempt, wherever it is made. Its signal is only made for a handler that looks at it. */
export function createTaskContext(
  message: TaskMessage,
  asked: Pick<AbortController, 'signal'>,
  log: TakeLog,
): TaskContext {
  const { occurrence } = message
  return {
    id: message.id,
    task: message.task,
    entry: occurrence?.entry,
    due: occurrence ? new Date(occurrence.due) : undefined,
    attempt: message.attempt,
    queue: message.queue,
    get signal() {
      return asked.signal
    },
    log: createLog(log),
    retry: askRetry,
  }
}

function askRetry(request: RetryRequest = {}): never {
  const delay = request.delay === undefined ? undefined : parseDuration(String(request.delay))
  if (typeof delay === 'object')
    throw new TypeError(`expected the delay of retry() to be a duration, got ${request.delay}: ${delay.hint}`)
  throw new RetryAsked(request.reason ?? 'it asked to be tried again', delay)
}

function createLog(log: TakeLog): TaskLog {
  const at =
    (level: keyof TaskLog) =>
    (text: string, fields?: Readonly<Record<string, unknown>>): void =>
      log(level, String(text), fields)
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
