/**
 * Runs a task of a module in a cell.
 *
 *   take a cell ─▶ run, under watch ─▶ sweep what it left, if it did not end by itself ─▶ give the cell back ─▶ outcome
 *
 * The hard limit kills the cell at once; `soft_timeout` and the worker's stop abort the context's signal first, and
 * the stop waits for `killAfter`. Where the attempt does not come to its end by itself, whatever carries its id is
 * killed with its cell: also the program that a blocked thread waits for, which so often frees the thread.
 */
import type { Clock } from '../../core/clock.ts'
import type { Outcome } from '../../task/outcome.ts'
import type { Execution, Executor } from '../executor.ts'
import { CapturedOutput } from '../executors/captured-output.ts'
import { handlerOutcome, lost } from '../executors/handler-outcome.ts'
import { PrintedLines } from '../executors/printed-lines.ts'
import { patience, signalReason, softLimitReached, watchForStop } from '../executors/stop-watch.ts'
import type { ProcessGuard } from '../process-guard.ts'
import type { CellPool } from './cell-pool.ts'
import type { AttemptListener, TaskCell } from './task-cell.ts'

export interface CellExecutorParts {
  readonly pool: CellPool
  readonly clock: Clock
  readonly guard: Pick<ProcessGuard, 'sweep'>
}

export class CellExecutor implements Executor {
  readonly #parts: CellExecutorParts

  constructor(parts: CellExecutorParts) {
    this.#parts = parts
  }

  async run(execution: Execution): Promise<Outcome> {
    const cell = await this.#parts.pool.take(execution.interrupt)
    if (cell === undefined) return { kind: 'interrupted', reason: String(execution.interrupt.reason) }
    if (typeof cell === 'string') return { kind: 'failed', reason: cell }
    return this.#attend(cell, execution)
  }

  async #attend(cell: TaskCell, execution: Execution): Promise<Outcome> {
    const { pool, clock, guard } = this.#parts
    const { id } = execution.message
    const captured = new CapturedOutput(execution.task.definition.outputLimitBytes)
    const { listener, flush } = listen(execution, captured, clock)
    let killed: Promise<unknown> | undefined
    const watch = watchForStop(execution, clock, {
      ask: () => cell.abort(softLimitReached),
      stop: (reason, over) => {
        if (reason.kind !== 'timedOut') cell.abort(signalReason(reason))
        void patience(reason, execution, over, clock).then(() => {
          if (!over.aborted) killed = Promise.all([pool.end(cell), guard.sweep(id)])
        })
      },
    })
    const ending = await cell.run(execution.message, listener)
    watch.end()
    flush()
    await killed
    if (ending.kind !== 'lost') {
      pool.give(cell)
      return handlerOutcome(ending, watch, execution, captured)
    }
    if (!killed) await guard.sweep(id)
    return handlerOutcome({ kind: 'threw', thrown: lost(ending.how) }, watch, execution, captured)
  }
}

/** Passes on what an attempt says, and keeps the beginning and the end of it. */
function listen(
  { message, emit }: Execution,
  captured: CapturedOutput,
  clock: Clock,
): { readonly listener: AttemptListener; readonly flush: () => void } {
  const lines = new PrintedLines({ message, emit }, clock)
  return {
    listener: {
      logged: ({ level, text, fields }) => {
        captured.write(Buffer.from(`${text}\n`))
        emit({ kind: 'taskLogged', message, level, text, fields })
      },
      printed: (stream, chunk) => {
        captured.write(chunk)
        lines.write(stream, chunk)
      },
    },
    flush: () => lines.end(),
  }
}
