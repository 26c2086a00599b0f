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
import type { Outcome } from '../../task/outcome.ts'
import { Permanent } from '../../task/permanent.ts'
import type { Execution, Executor } from '../executor.ts'
import { callHandler, type HandlerEnding, threw } from './call-handler.ts'
import { CapturedOutput } from './captured-output.ts'
import { handlerOutcome } from './handler-outcome.ts'
import { patience, signalReason, softLimitReached, watchForStop } from './stop-watch.ts'

export class InlineExecutor implements Executor {
  readonly #clock: Clock

  constructor(parts: { readonly clock: Clock }) {
    this.#clock = parts.clock
  }

  async run(execution: Execution): Promise<Outcome> {
    const captured = new CapturedOutput(execution.task.definition.outputLimitBytes)
    const asked = new AbortController()
    const ended = Promise.withResolvers<HandlerEnding | undefined>()
    const watch = watchForStop(execution, this.#clock, {
      ask: () => asked.abort(new Error(softLimitReached)),
      stop: (reason, over) => {
        asked.abort(new Error(signalReason(reason)))
        void patience(reason, execution, over, this.#clock).then(() => ended.resolve(undefined))
      },
    })
    call(execution, asked, captured).then(ended.resolve, ended.reject)
    const ending = await ended.promise
    watch.end()
    return handlerOutcome(ending, watch, execution, captured)
  }
}

function call(
  { task, message, emit }: Execution,
  asked: AbortController,
  captured: CapturedOutput,
): Promise<HandlerEnding> {
  if (!task.module)
    return Promise.resolve(threw(new Permanent(`${task.definition.name} is exported by no module`)))
  return callHandler(task.module, message, {
    asked,
    log: (level, text, fields) => {
      captured.write(Buffer.from(`${text}\n`))
      emit({ kind: 'taskLogged', message, level, text, fields })
    },
  })
}
