import type { RunState } from '../task/run-result.ts'
import type { TaskMessage } from '../task/task-message.ts'
import { Interrupter, type Interruption } from './interruption.ts'

/** A run that is under way, with its own way to be ended. */
export interface RunUnderWay {
  readonly message: TaskMessage
  /** Aborted when it shall end, as the whole worker does or it alone; the reason is text. */
  readonly interrupt: Interruption
  /** Why its sender wants it no more; undefined while it is wanted. */
  readonly cancelled: string | undefined
}

class Run implements RunUnderWay {
  readonly message: TaskMessage
  readonly interrupt = new Interrupter()
  cancelled: string | undefined

  constructor(message: TaskMessage) {
    this.message = message
  }
}

/**
 * What is under way in this worker, so that a single run can be told to end. Each has one interruption of its
 * own for that, whoever wants it to end: to follow two costs more than a short task.
 */
export class RunningRuns {
  readonly #runs = new Map<TaskMessage, Run>()
  readonly #executing = new Set<TaskMessage>()
  readonly #interrupt: AbortSignal

  /** With `interrupt` all of them end; its reason is text. */
  constructor(interrupt: AbortSignal) {
    this.#interrupt = interrupt
    const endAll = (): void => {
      for (const run of this.#runs.values()) run.interrupt.abort(interrupt.reason)
    }
    interrupt.addEventListener('abort', endAll, { once: true })
  }

  /** What executes at this moment. */
  get executing(): readonly TaskMessage[] {
    return [...this.#executing]
  }

  enter(message: TaskMessage): RunUnderWay {
    const run = new Run(message)
    this.#runs.set(message, run)
    if (this.#interrupt.aborted) run.interrupt.abort(this.#interrupt.reason)
    return run
  }

  leave(message: TaskMessage): void {
    this.#runs.delete(message)
  }

  begin(message: TaskMessage): void {
    this.#executing.add(message)
  }

  end(message: TaskMessage): void {
    this.#executing.delete(message)
  }

  /** What is written down of these runs and, of those that are not, or not yet, that they are under way. */
  look(ids: readonly string[], written: ReadonlyMap<string, RunState>): ReadonlyMap<string, RunState> {
    const here = new Set([...this.#runs.keys()].map(({ id }) => id))
    const unwritten = ids.filter((id) => here.has(id) && written.get(id)?.state !== 'ended')
    return new Map([...written, ...unwritten.map((id) => [id, { state: 'running' }] as const)])
  }

  /** False when there is none of this id. */
  abort(id: string, reason: string): boolean {
    let found = false
    for (const run of this.#runs.values()) {
      if (run.message.id !== id) continue
      found = true
      run.cancelled ??= reason
      run.interrupt.abort(reason)
    }
    return found
  }
}
