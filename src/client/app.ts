/**
 * What an application does: send tasks, and learn what became of them.
 *
 *     connect ──▶ App ──send──▶ Run ──result, status, cancel──▶ broker (its port `results`)
 *
 * Nothing is kept here that cannot be asked for again by a run's id; an application may end between sending and asking.
 * A send that resolved was accepted by the broker durably. One that rejected was not, unless its message says that it
 * may have been; the same id may then be sent again.
 */
import type { Broker } from '../broker/broker.ts'
import type { Clock } from '../core/clock.ts'
import { TaskbeatError } from '../core/errors.ts'
import type { Call, Callable, Meant, Parameters, ResultOf } from '../task/call-types.ts'
import type { ResultOptions, Run, SendOptions } from '../task/run.ts'
import type { TaskMessage } from '../task/task-message.ts'
import { attend } from './attend.ts'
import { asBatchFailure } from './batch-failed.ts'
import { toMessage } from './read-options.ts'
import { SentRun } from './sent-run.ts'

/**
 * A connection to the broker, for an application. With `Module`, the type of a module that exports tasks, their names
 * stand for them: `connect<typeof import('./tasks.ts')>()`.
 */
export interface App<Module = unknown> extends AsyncDisposable {
  /**
   * Sends a call of a task, or of a task's name. Resolves when the broker has accepted it.
   *
   * @example
   * const run = await app.send(add, [4, 4], { countdown: '10s' })
   * @throws TaskbeatError BROKER_UNAVAILABLE, MESSAGE_REFUSED (too large, no JSON), TASK_UNDEFINED, USAGE
   */
  send<T extends Callable<Module>>(
    task: T,
    ...call: Parameters<Meant<Module, T>>
  ): Promise<Run<ResultOf<Meant<Module, T>>>>
  /**
   * Sends many at once, which takes little longer than one. Resolves with their runs when all are accepted. Rejects with
   * a BatchFailed that says which were not.
   *
   * @example
   * const runs = await app.sendBatch([{ task: add, args: [1, 2] }, { task: mail, args: ['a@b.c'], countdown: '1m' }])
   */
  sendBatch<const Tasks extends readonly Callable<Module>[]>(
    calls: readonly [...{ [Index in keyof Tasks]: Call<Module, Tasks[Index]> }],
  ): Promise<{ -readonly [Index in keyof Tasks]: Run<ResultOf<Meant<Module, Tasks[Index]>>> }>
  /** A run by its id, sent from here or from anywhere. */
  run<T extends Callable<Module>>(id: string): Run<ResultOf<Meant<Module, T>>>
  run(id: string): Run
  /** The result of a run by its id; the same as `app.run(id).result(options)`. */
  result(id: string, options?: ResultOptions): Promise<unknown>
  /**
   * Ends the connection, which does not keep the process alive but for what is waited for. Whoever still waits for a
   * result is told so. Harmless twice.
   */
  close(): Promise<void>
}

export interface AppParts {
  readonly broker: Pick<Broker, 'results' | 'close'>
  readonly clock: Clock
  /** What the configuration says of a task: its queue. Throws TASK_UNDEFINED when no such task can be. */
  readonly queueOf: (task: string) => string | undefined
  /** Why nobody may send to a queue of this name; undefined = there is no reason. */
  readonly queueProblem: (queue: string) => string | undefined
}

interface Named {
  readonly name: string
  readonly options?: { readonly queue?: string }
}

type AnyCall = SendOptions & {
  readonly task: Named | string
  readonly args?: readonly unknown[]
  readonly kwargs?: Readonly<Record<string, unknown>>
}

/** The app, but for its types: those are the interface's. */
export class ConnectedApp {
  readonly #parts: AppParts
  #closed: Promise<void> | undefined

  constructor(parts: AppParts) {
    this.#parts = parts
  }

  async send(
    task: Named | string,
    args: readonly unknown[] = [],
    options: Omit<AnyCall, 'task' | 'args'> = {},
  ): Promise<Run<never>> {
    const message = this.#message({ ...options, task, args })
    await this.#publish([message])
    return this.#runOf(message)
  }

  async sendBatch(calls: readonly AnyCall[]): Promise<Run<never>[]> {
    const messages = calls.map((call) => this.#message(call))
    const runs = messages.map((message) => this.#runOf(message))
    try {
      if (messages.length > 0) await this.#publish(messages)
      return runs
    } catch (error) {
      throw asBatchFailure(error, runs)
    }
  }

  run(id: string): Run<never> {
    return this.#runOf({ id })
  }

  result(id: string, options?: ResultOptions): Promise<unknown> {
    return this.run(id).result(options)
  }

  close(): Promise<void> {
    this.#closed ??= attend(this.#parts.broker.close())
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #runOf({ id, task }: { readonly id: string; readonly task?: string }): Run<never> {
    const { broker, clock } = this.#parts
    return new SentRun<never>(id, broker.results, clock, task)
  }

  async #publish(messages: readonly TaskMessage[]): Promise<void> {
    if (this.#closed) throw new TaskbeatError('BROKER_UNAVAILABLE', 'this app is closed')
    await attend(this.#parts.broker.results.send(messages))
  }

  #message({ task, args = [], kwargs = {}, ...options }: AnyCall): TaskMessage {
    const { clock, queueOf, queueProblem } = this.#parts
    const name = typeof task === 'string' ? task : task.name
    const own = typeof task === 'string' ? undefined : task.options?.queue
    const queue = options.queue ?? (typeof task === 'string' ? queueOf(name) : (queueOf(name) ?? own))
    const problem = queue === undefined ? undefined : queueProblem(queue)
    if (problem !== undefined) throw new TaskbeatError('USAGE', `the queue of ${name}: ${problem}`)
    return toMessage({ task: name, args, kwargs, options, queue }, clock.now())
  }
}
