import { parseDuration } from '../../core/duration.ts'
import type { Milliseconds } from '../../core/instant.ts'
import type { RetryRequest, TaskContext, TaskLog } from '../../task/task-context.ts'
import type { Execution } from '../executor.ts'
import type { CapturedOutput } from './captured-output.ts'

/** What `ctx.retry()` throws to leave the handler with. */
export class RetryAsked extends Error {
  readonly delay: Milliseconds | undefined

  constructor(reason: string, delay: Milliseconds | undefined) {
    super(reason)
    this.name = 'RetryAsked'
    this.delay = delay
  }
}

/** The context of one attempt. What it logs goes to the worker's events, and to what the journal keeps of the run. */
export function createTaskContext(
  execution: Execution,
  signal: AbortSignal,
  captured: CapturedOutput,
): TaskContext {
  const { message } = execution
  const { occurrence } = message
  return {
    id: message.id,
    task: message.task,
    entry: occurrence?.entry,
    due: occurrence ? new Date(occurrence.due) : undefined,
    attempt: message.attempt,
    queue: message.queue,
    signal,
    log: createLog(execution, captured),
    retry: askRetry,
  }
}

function askRetry(request: RetryRequest = {}): never {
  const delay = request.delay === undefined ? undefined : parseDuration(String(request.delay))
  if (typeof delay === 'object')
    throw new TypeError(`expected the delay of retry() to be a duration, got ${request.delay}: ${delay.hint}`)
  throw new RetryAsked(request.reason ?? 'it asked to be tried again', delay)
}

function createLog({ emit, message }: Execution, captured: CapturedOutput): TaskLog {
  const at =
    (level: keyof TaskLog) =>
    (text: string, fields?: Readonly<Record<string, unknown>>): void => {
      captured.write(Buffer.from(`${text}\n`))
      emit({ kind: 'taskLogged', message, level, text: String(text), fields })
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
