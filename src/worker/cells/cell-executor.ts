/**
 * Runs a task of a module in a cell.
 *
 *   take a cell that has its task ─▶ run, under watch ─▶ give the cell back ─▶ outcome
 *                                           └─ it does not end by itself ─▶ sweep what it left ──▲
 *
 * A cell finds the modules as they are when it is opened, and a deploy may be about to replace them: a run whose task is
 * not there, though the worker knows it, waits for another cell. When it has waited for too long it fails for good.
 *
 * The hard limit kills the cell at once; `soft_timeout` and the worker's stop abort the context's signal first, and
 * the stop waits for `killAfter`. Where the attempt does not come to its end by itself, whatever carries its id is
 * killed with its cell: also the program that a blocked thread waits for, which so often frees the thread.
 */
import { type Backoff, backoffDelay } from '../../core/backoff.ts'
import type { Clock } from '../../core/clock.ts'
import { milliseconds } from '../../core/instant.ts'
import type { Outcome } from '../../task/outcome.ts'
import type { Execution, Executor } from '../executor.ts'
import { CapturedOutput } from '../executors/captured-output.ts'
import { handlerOutcome, lost } from '../executors/handler-outcome.ts'
import { PrintedLines } from '../executors/printed-lines.ts'
import { patience, signalReason, softLimitReached, watchForStop } from '../executors/stop-watch.ts'
import type { Interruption } from '../interruption.ts'
import type { ModuleListing } from '../module-listing.ts'
import type { ProcessGuard } from '../process-guard.ts'
import type { CellPool } from './cell-pool.ts'
import type { AttemptListener, TaskCell } from './task-cell.ts'

export interface CellExecutorParts {
  readonly pool: CellPool
  readonly clock: Clock
  readonly guard: Pick<ProcessGuard, 'sweep'>
}

/** How long a run waits for a module that does not load. It keeps its slot meanwhile. */
const deployLength = milliseconds(60_000)
const lookAgain: Backoff = { firstMs: 500, factor: 2, longestMs: 10_000, jitter: 'none' }

export class CellExecutor implements Executor {
  readonly #parts: CellExecutorParts

  constructor(parts: CellExecutorParts) {
    this.#parts = parts
  }

  async run(execution: Execution): Promise<Outcome> {
    const cell = await this.#take(execution)
    if (cell === undefined) return { kind: 'interrupted', reason: String(execution.interrupt.reason) }
    if (typeof cell === 'string') return { kind: 'failed', reason: cell }
    return this.#attend(cell, execution)
  }

  /** As the pool does, and as long as there is hope with the task of the run in it. */
  async #take({ message: { task }, interrupt, emit }: Execution): Promise<TaskCell | string | undefined> {
    const { pool, clock } = this.#parts
    const giveUp = clock.monotonic() + deployLength
    for (let looks = 1; ; looks++) {
      const cell = await pool.take(interrupt)
      if (cell === undefined || typeof cell === 'string') return cell
      const listing = await cell.loaded
      if (typeof listing === 'string' || has(listing, task) || clock.monotonic() >= giveUp) return cell
      if (looks === 1) for (const problem of listing.problems) emit({ kind: 'moduleFailed', ...problem })
      void pool.end(cell)
      await sleepUnless(interrupt, (signal) =>
        clock.sleep(
          backoffDelay(lookAgain, looks, () => 0),
          signal,
        ),
      )
    }
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

function has({ tasks }: ModuleListing, task: string): boolean {
  return tasks.some(({ name }) => name === task)
}

async function sleepUnless(
  interrupt: Interruption,
  sleep: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const over = new AbortController()
  const end = (): void => over.abort()
  interrupt.addEventListener('abort', end)
  if (!interrupt.aborted) await sleep(over.signal)
  interrupt.removeEventListener('abort', end)
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
