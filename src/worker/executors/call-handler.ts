import type { Milliseconds } from '../../core/instant.ts'
import type { Task } from '../../task/define-task.ts'
import { Permanent } from '../../task/permanent.ts'
import type { TaskMessage } from '../../task/task-message.ts'
import { createTaskContext, RetryAsked, type TakeLog } from './create-task-context.ts'
import { keepResult } from './keep-result.ts'
import { describeThrown, isA, type Thrown } from './thrown.ts'

/** How a handler came to its end: plain data, made where it ran, that another thread or process understands. */
export type HandlerEnding =
  /** `dropped`: why what it returned cannot be kept. */
  | { readonly kind: 'returned'; readonly result?: unknown; readonly dropped?: string }
  | { readonly kind: 'askedRetry'; readonly reason: string; readonly delay?: Milliseconds }
  | { readonly kind: 'threw'; readonly thrown: Thrown; readonly permanent?: boolean }

/** Makes one attempt at a module's task, which `asked` may ask to end. Never rejects. */
export async function callHandler(
  task: Task,
  message: TaskMessage,
  { asked, log }: { readonly asked: Pick<AbortController, 'signal'>; readonly log: TakeLog },
): Promise<HandlerEnding> {
  try {
    const ctx = createTaskContext(message, asked, log)
    const args = Object.keys(message.kwargs).length > 0 ? [...message.args, message.kwargs] : message.args
    // The arguments' types are the sender's promise; a handler that cannot trust it looks for itself.
    return returned(await task.handler(ctx, ...(args as readonly never[])))
  } catch (error) {
    return threw(error)
  }
}

/** What was thrown, as the ending of an attempt. */
export function threw(error: unknown): HandlerEnding {
  if (isA(error, RetryAsked)) {
    const { message: reason, delay } = error
    return { kind: 'askedRetry', reason, ...(delay !== undefined && { delay }) }
  }
  return { kind: 'threw', thrown: describeThrown(error), ...(isA(error, Permanent) && { permanent: true }) }
}

function returned(value: unknown): HandlerEnding {
  let dropped: string | undefined
  const kept = keepResult(value, (reason) => {
    dropped = reason
  })
  return { kind: 'returned', ...kept, ...(dropped !== undefined && { dropped }) }
}
