/**
 * The sender's end on RabbitMQ.
 *
 *     send ── with reply_to and correlation_id ──▶ worker ── result ──▶ the reply queue of this process
 *     send with the wish to hear what is printed ──▶ worker ── parts of it, as they come ──▶ the same queue
 *     wait for what another process sent ── taskbeat.watch ──▶ all workers: whoever has the result tells it there,
 *                                                              the others when they have it
 *     status, cancel ── taskbeat.run, taskbeat.cancel ──▶ all workers, who answer for their host's journal
 *     cancel ── stored ──▶ a stream that every worker has read before it takes work (cancelled-runs.ts)
 *
 * A result is told without a confirm. So whoever waits asks again after each loss of the connection, and now and then.
 * Nobody can look into a queue of RabbitMQ: what no worker has seen is `waiting` when it was sent from here, and
 * otherwise `unknown`.
 */
import type { Results } from '../broker/results.ts'
import type { Clock } from '../core/clock.ts'
import { describeError, TaskbeatError } from '../core/errors.ts'
import { milliseconds, plus } from '../core/instant.ts'
import type { TakePrinted } from '../task/printed.ts'
import type { CancelAnswer } from '../task/run.ts'
import { parseRunResult, type RunResult, type RunState } from '../task/run-result.ts'
import type { TaskMessage } from '../task/task-message.ts'
import { storeCancelled } from './cancelled-runs.ts'
import { encodeRequest } from './control.ts'
import { callControl } from './control-caller.ts'
import type { Link } from './link.ts'
import { NewestIds } from './newest-ids.ts'
import type { Replies } from './replies.ts'
import { ReplyQueue } from './reply-queue.ts'
import { cancelMethod, mostIdsAsked, stateMethod, watchMethod } from './run-control.ts'
import type { Channel, Session } from './session.ts'
import { controlExchange } from './topology.ts'
import { WaitingRuns } from './waiting-runs.ts'

export interface AmqpResultsParts {
  readonly link: Link
  readonly clock: Clock
  /** Publishes with this queue as the one that results are told to, and what the runs print if they are followed. */
  readonly publish: (messages: readonly TaskMessage[], replies: Replies) => Promise<void>
  /** Waits for what is published, but not until an alarm is over. */
  readonly unlessBlocked: (sending: Promise<void>) => Promise<void>
  /** Aborted when the broker is closed. */
  readonly closing: AbortSignal
}

/** How long a caller waits for a connection. */
const connectionWaitMs = 5_000
/** All who live answer well within this. */
const patience = milliseconds(500)
/** For what a worker could not tell: its connection broke when it was about to. */
const askAgainMs = 30_000
const staleAfter = milliseconds(60_000)
/** Sent from here, without a result so far. */
const mostSent = 100_000

export class AmqpResults implements Results {
  readonly #parts: AmqpResultsParts
  readonly #waiting = new WaitingRuns()
  readonly #sent = new NewestIds(mostSent)
  /** Runs that were sent from here, by whoever is told what they print. */
  readonly #following = new Map<string, TakePrinted>()
  #queue: ReplyQueue | undefined
  #speaking: { readonly session: Session; readonly channel: Promise<Channel> } | undefined
  #asking: NodeJS.Timeout | undefined

  constructor(parts: AmqpResultsParts) {
    this.#parts = parts
    parts.closing.addEventListener('abort', () => clearInterval(this.#asking))
  }

  async ready(signal: AbortSignal): Promise<void> {
    try {
      await this.#replies().ready(signal)
    } catch (error) {
      throw unavailable('there is no connection to the broker', error)
    }
  }

  async send(messages: readonly TaskMessage[], take?: TakePrinted): Promise<void> {
    const { name: queue } = this.#replies()
    await this.ready(AbortSignal.timeout(connectionWaitMs))
    for (const { id } of messages) {
      this.#sent.add(id)
      if (take) this.#following.set(id, take)
    }
    try {
      await this.#parts.publish(messages, { queue, followed: take !== undefined })
    } catch (error) {
      for (const { id } of messages) {
        this.#sent.delete(id)
        this.#following.delete(id)
      }
      throw error
    }
  }

  wait(id: string, signal: AbortSignal): Promise<RunResult> {
    const { closing } = this.#parts
    this.#replies()
    const result = this.#waiting.wait(id, AbortSignal.any([signal, closing]), () =>
      signal.aborted ? signal.reason : unavailable('the connection was closed while a result was waited for'),
    )
    if (!this.#sent.has(id)) void this.#ask([id])
    this.#asking ??= setInterval(() => this.#askAgain(), askAgainMs).unref()
    const stop = (): void => {
      if (this.#waiting.ids.length > 0) return
      clearInterval(this.#asking)
      this.#asking = undefined
    }
    result.then(stop, stop)
    return result
  }

  async status(id: string): Promise<RunState> {
    const early = this.#waiting.early(id)
    if (early) return { state: 'ended', result: early }
    const known = (value: unknown): RunState | undefined => {
      const found = readState(value)
      return found?.state === 'unknown' ? undefined : found
    }
    const values = await this.#call(stateMethod, { id }, (value) => known(value) !== undefined)
    const [state] = values.flatMap((value) => known(value) ?? [])
    return state ?? { state: this.#sent.has(id) ? 'waiting' : 'unknown' }
  }

  async cancel(id: string, { abort }: { readonly abort: boolean }): Promise<CancelAnswer> {
    if (this.#waiting.early(id)) return 'ended'
    const values = await this.#call(cancelMethod, { id, abort }, isFinalAnswer)
    const found = values.find(isFinalAnswer)
    if (found === 'running' || found === 'ended') return found
    const { clock, unlessBlocked } = this.#parts
    await unlessBlocked(this.#over((session) => storeCancelled(session, id, clock.now())))
    // Without an answer, what was sent from here is in a queue where nobody can reach it, and whoever gets it knows that
    // it shall not start. What was not may never have been sent at all.
    const answer = found ?? (this.#sent.has(id) ? 'dropped' : 'unknown')
    if (answer === 'dropped')
      this.#waiting.tell(id, {
        outcome: 'revoked',
        error: { name: 'Revoked', message: 'it was cancelled before it had started' },
      })
    return answer
  }

  #replies(): ReplyQueue {
    const { link, clock, closing } = this.#parts
    this.#queue ??= new ReplyQueue({
      link,
      clock,
      closing,
      take: ({ id, result }) => {
        this.#sent.delete(id)
        this.#following.delete(id)
        this.#waiting.tell(id, result)
      },
      takePrinted: ({ id, part }) => this.#following.get(id)?.(part),
      opened: () => this.#askAgain(),
    })
    return this.#queue
  }

  #askAgain(): void {
    const { ids } = this.#waiting
    for (let from = 0; from < ids.length; from += mostIdsAsked)
      void this.#ask(ids.slice(from, from + mostIdsAsked))
  }

  async #ask(ids: readonly string[]): Promise<void> {
    const replies = this.#replies()
    await replies.ready(this.#parts.closing).catch(() => {}) // then it is asked again once there is one
    await this.#say(watchMethod, { ids, queue: replies.name })
  }

  /** What nobody hears, or cannot be said at present, is said again by whoever calls this. */
  async #say(method: string, args: Readonly<Record<string, unknown>>): Promise<void> {
    const session = this.#parts.link.current
    if (!session || session.blocked) return
    try {
      const channel = await this.#channelOf(session)
      const expires = plus(this.#parts.clock.now(), staleAfter)
      await channel.publish(encodeRequest({ method, arguments: args }, expires))
    } catch {
      this.#speaking = undefined // that session is over
    }
  }

  #channelOf(session: Session): Promise<Channel> {
    if (this.#speaking?.session !== session) {
      const open = async (): Promise<Channel> => {
        await session.apart(`declare ${controlExchange.name}`, (apart) =>
          apart.declareExchange(controlExchange),
        )
        return session.openChannel({ confirm: false, prefetch: 0 })
      }
      this.#speaking = { session, channel: open() }
    }
    return this.#speaking.channel
  }

  async #call(
    method: string,
    args: Readonly<Record<string, unknown>>,
    isEnough: (value: unknown) => boolean,
  ): Promise<readonly unknown[]> {
    const { clock } = this.#parts
    return this.#over(async (session) => {
      const replies = await callControl(session, { method, arguments: args }, clock, {
        atMost: patience,
        isEnough: (all) => all.some(({ value }) => isEnough(value)),
      })
      return replies.flatMap(({ value, error }) => (error === undefined ? [value] : []))
    })
  }

  async #over<T>(work: (session: Session) => Promise<T>): Promise<T> {
    try {
      return await work(await this.#parts.link.session(AbortSignal.timeout(connectionWaitMs)))
    } catch (error) {
      throw error instanceof TaskbeatError
        ? error
        : unavailable(`the workers cannot be asked: ${describeError(error)}`, error)
    }
  }
}

function isFinalAnswer(value: unknown): value is CancelAnswer {
  return value === 'dropped' || value === 'aborted' || value === 'running' || value === 'ended'
}

/** Workers are trusted as little as anybody who can write to the control exchange. */
function readState(value: unknown): RunState | undefined {
  if (typeof value !== 'object' || value === null || !('state' in value)) return undefined
  if (value.state === 'waiting' || value.state === 'running' || value.state === 'unknown')
    return { state: value.state }
  const result = 'result' in value ? parseRunResult(value.result) : undefined
  return value.state === 'ended' && result && !('problem' in result) ? { state: 'ended', result } : undefined
}

function unavailable(message: string, cause: unknown = undefined): TaskbeatError {
  // What a link says is whole; what is behind it is for those who look at the cause.
  const why = cause instanceof Error ? `${message}: ${cause.message}` : message
  return new TaskbeatError('BROKER_UNAVAILABLE', why, cause === undefined ? {} : { cause })
}
