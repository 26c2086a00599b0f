/**
 * Runs a task of a module in the worker's own process and thread: the fastest way, and the one without walls. A
 * handler that blocks the thread blocks the worker, and one that calls process.exit ends it.
 *
 * A promise cannot be killed. When the limit is reached the context's signal is aborted and the attempt has timed out,
 * there and then; whatever the handler still does is abandoned: nobody waits for it and what it returns is lost. When
 * the worker stops, the signal is aborted and the handler has `killAfter` to come to its end; if it succeeds in that
 * time, it has succeeded, and otherwise it was interrupted.
 */
import type { Clock } from '../../core/clock.ts'
import type { Outcome, Output } from '../../task/outcome.ts'
import { Permanent } from '../../task/permanent.ts'
import type { Execution, Executor } from '../executor.ts'
import { CapturedOutput } from './captured-output.ts'
import { createTaskContext, RetryAsked } from './create-task-context.ts'
import { keepResult } from './keep-result.ts'
import { type StopReason, watchForStop } from './stop-watch.ts'
import { describeThrown, isA } from './thrown.ts'

type Ending =
  | { readonly kind: 'returned'; readonly value: unknown }
  | { readonly kind: 'threw'; readonly error: unknown }
  | { readonly kind: 'abandoned' }

export class InlineExecutor implements Executor {
  readonly #clock: Clock

  constructor(parts: { readonly clock: Clock }) {
    this.#clock = parts.clock
  }

  async run(execution: Execution): Promise<Outcome> {
    const captured = new CapturedOutput(execution.task.definition.outputLimitBytes)
    const stopped = new AbortController()
    const abandoned = Promise.withResolvers<Ending>()
    const watch = watchForStop(execution, this.#clock, (reason, over) => {
      stopped.abort(new Error(reason.kind === 'timedOut' ? 'the time limit was reached' : reason.reason))
      void this.#patience(reason, execution, over).then(() => abandoned.resolve({ kind: 'abandoned' }))
    })
    const ending = await Promise.race([call(execution, stopped.signal, captured), abandoned.promise])
    watch.end()
    return judgeEnding(ending, watch.reason, execution, captured)
  }

  /** How long a handler that was told to stop is still waited for. */
  async #patience(reason: StopReason, execution: Execution, over: AbortSignal): Promise<void> {
    if (reason.kind === 'timedOut' || execution.kill.aborted) return
    await this.#clock.sleep(execution.task.definition.killAfter, AbortSignal.any([over, execution.kill]))
  }
}

async function call(execution: Execution, signal: AbortSignal, captured: CapturedOutput): Promise<Ending> {
  const { task, message } = execution
  try {
    if (!task.module) throw new Permanent(`${task.definition.name} is exported by no module`)
    const ctx = createTaskContext(execution, signal, captured)
    const args = Object.keys(message.kwargs).length > 0 ? [...message.args, message.kwargs] : message.args
    // The arguments' types are the sender's promise; a handler that cannot trust it looks for itself.
    return { kind: 'returned', value: await task.module.handler(ctx, ...(args as readonly never[])) }
  } catch (error) {
    return { kind: 'threw', error }
  }
}

function judgeEnding(
  ending: Ending,
  stopped: StopReason | undefined,
  execution: Execution,
  captured: CapturedOutput,
): Outcome {
  if (ending.kind === 'returned' && stopped?.kind !== 'timedOut') {
    const { emit, message } = execution
    const result = keepResult(ending.value, (reason) => emit({ kind: 'resultDropped', message, reason }))
    return { kind: 'succeeded', ...result, ...outputOf(captured) }
  }
  if (stopped) return { ...stopped, ...outputOf(captured) }
  return failure(ending.kind === 'threw' ? ending.error : undefined, captured)
}

function failure(error: unknown, captured: CapturedOutput): Outcome {
  if (isA(error, RetryAsked)) {
    const delay = error.delay === undefined ? {} : { delay: error.delay }
    return { kind: 'retryAsked', reason: error.message, ...delay, ...outputOf(captured) }
  }
  const { reason, detail, error: report } = describeThrown(error)
  captured.write(Buffer.from(`${detail}\n`))
  const permanent = isA(error, Permanent) ? { permanent: true } : {}
  return { kind: 'failed', reason, error: report, ...permanent, ...outputOf(captured) }
}

function outputOf(captured: CapturedOutput): { readonly output?: Output } {
  const output = captured.toOutput()
  return output ? { output } : {}
}
