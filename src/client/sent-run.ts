import type { Results } from '../broker/results.ts'
import type { Clock } from '../core/clock.ts'
import { TaskbeatError } from '../core/errors.ts'
import type { CancelAnswer, CancelOptions, ResultOptions, Run, RunStatus } from '../task/run.ts'
import { attend } from './attend.ts'
import { readDuration } from './read-options.ts'
import { TaskFailed } from './task-failed.ts'

/** A run by its id, whoever sent it. */
export class SentRun<Result> implements Run<Result> {
  readonly id: string
  readonly #results: Results
  readonly #clock: Clock
  readonly #task: string | undefined

  /** `task`: its name, where it is known. */
  constructor(id: string, results: Results, clock: Clock, task?: string) {
    this.id = id
    this.#task = task
    this.#results = results
    this.#clock = clock
  }

  async result({ timeout, signal }: ResultOptions = {}): Promise<Result> {
    const length = timeout === undefined ? undefined : readDuration('timeout', timeout)
    const over = new AbortController()
    const onAbort = (): void => over.abort(signal?.reason)
    signal?.addEventListener('abort', onAbort)
    if (signal?.aborted) onAbort()
    const done = new AbortController()
    if (length !== undefined)
      void this.#clock.sleep(length, done.signal).then(() => over.abort(this.#tooLate(String(timeout))))
    try {
      const result = await attend(this.#results.wait(this.id, over.signal))
      if (result.outcome !== 'succeeded') throw new TaskFailed(this.id, result.outcome, result.error)
      if (result.dropped !== undefined)
        throw new TaskbeatError('RESULT_DROPPED', `${this.#name} has succeeded, but ${result.dropped}`)
      // What a worker told is what its task returned; the types are the sender's.
      return result.value as Result
    } finally {
      done.abort()
      signal?.removeEventListener('abort', onAbort)
    }
  }

  async status(): Promise<RunStatus> {
    const found = await attend(this.#results.status(this.id))
    return found.state === 'ended'
      ? { state: 'ended', outcome: found.result.outcome }
      : { state: found.state }
  }

  cancel({ abort = false }: CancelOptions = {}): Promise<CancelAnswer> {
    return attend(this.#results.cancel(this.id, { abort }))
  }

  get #name(): string {
    return this.#task === undefined ? this.id : `${this.#task} (${this.id})`
  }

  #tooLate(timeout: string): TaskbeatError {
    return new TaskbeatError('RESULT_TIMEOUT', `there is no result of ${this.#name} after ${timeout}`)
  }
}
