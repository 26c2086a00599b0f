import { PublishError } from '../broker/publish-error.ts'
import { describeError, TaskbeatError } from '../core/errors.ts'
import type { Link } from './link.ts'
import { RenewedChannel } from './renewed-channel.ts'
import type { Outgoing, PublishOutcome, Session } from './session.ts'

/** A message on its way to the broker. */
export interface Letter {
  /** The queue that it is meant for, as users name it; what is published to may be a part of it. */
  readonly queue: string
  readonly outgoing: Outgoing
}

export interface PublisherParts {
  /** Not the one that consumes: what blocks those who publish must not hold up acknowledgements. */
  readonly link: Link
  /** Makes what belongs to a queue, where it is ours to make. */
  readonly declare: (session: Session, queue: string) => Promise<void>
}

/** How long a caller waits for a connection. */
const connectionWaitMs = 5_000

type Result = { readonly letter: Letter; readonly outcome: PublishOutcome }
type Way = {
  readonly session: Session
  readonly channel: RenewedChannel
  /** Queues beside which everything was made in this session. */
  readonly made: Set<string>
}

/**
 * Publishes durably: persistent, mandatory, confirmed, with a bounded number in flight (confirm-window.ts).
 *
 * A confirm is the only statement that the broker makes. What it did not confirm before the connection was lost may be
 * there or not; within one call it is published once more, because copies carry one id and whoever runs them removes
 * the second, but nothing is kept for later: the caller hears of it and decides.
 *
 * Queues are declared when a message finds none, which says for certain that it was not stored. So a sender to a queue
 * that exists pays for no declaration.
 */
export class Publisher {
  readonly #parts: PublisherParts
  readonly #closing = new AbortController()
  #way: { readonly session: Session; readonly opened: Promise<Way> } | undefined

  constructor(parts: PublisherParts) {
    this.#parts = parts
  }

  /**
   * Resolves when all are confirmed. Rejects with BROKER_UNAVAILABLE, which says whether they may have been accepted; as a
   * PublishError where some were confirmed.
   */
  async send(letters: readonly Letter[]): Promise<void> {
    let results = await this.#sendOnce(letters)
    const unrouted = results.filter(({ outcome }) => outcome.kind === 'unroutable')
    if (unrouted.length > 0) {
      const first = results
      const sent = this.#makeAndSend(unrouted).catch((error: unknown) => {
        throw asFailure(error, first.filter(isNotConfirmed))
      })
      results = [...without(first, unrouted), ...(await sent)]
    }
    const unknown = results.filter(({ outcome }) => outcome.kind === 'unknown')
    if (unknown.length > 0 && !this.#closing.signal.aborted)
      results = [
        ...without(results, unknown),
        ...(await this.#sendOnce(unknown.map(toLetter)).catch(() => unknown)),
      ]
    const failed = results.find(isNotConfirmed)
    if (failed) throw asFailure(failure(failed, results), results.filter(isNotConfirmed))
  }

  /** What waits for a connection is told that there will be none. */
  close(): void {
    this.#closing.abort()
  }

  async #sendOnce(letters: readonly Letter[]): Promise<Result[]> {
    const way = await this.#open()
    const { session, channel } = way
    if (session.blocked)
      throw new TaskbeatError(
        'BROKER_UNAVAILABLE',
        'the broker takes no messages at present: a memory or disk alarm is set on its host',
      )
    for (const { queue, outgoing } of letters) {
      // An exchange that is missing is no answer but the end of the channel, and of all that is under way on it.
      if (outgoing.exchange !== '' && !way.made.has(queue)) await this.#make(way, queue)
    }
    return Promise.all(
      letters.map(async (letter) => ({ letter, outcome: await channel.publish(letter.outgoing) })),
    )
  }

  async #makeAndSend(results: readonly Result[]): Promise<Result[]> {
    const letters = results.map(toLetter)
    const way = await this.#open()
    for (const queue of new Set(letters.map((letter) => letter.queue))) await this.#make(way, queue)
    return this.#sendOnce(letters)
  }

  async #make({ session, made }: Way, queue: string): Promise<void> {
    try {
      await this.#parts.declare(session, queue)
    } catch (error) {
      if (error instanceof TaskbeatError) throw error
      throw unavailable(`queue ${queue} cannot be made: ${describeError(error)}`, error)
    }
    made.add(queue)
  }

  async #open(): Promise<Way> {
    const { link } = this.#parts
    const session = link.current ?? (await this.#nextSession())
    if (this.#way?.session !== session) {
      const opened = RenewedChannel.open(session).then((channel) => ({
        session,
        channel,
        made: new Set<string>(),
      }))
      this.#way = { session, opened }
    }
    try {
      return await this.#way.opened
    } catch (error) {
      throw unavailable(`the connection to the broker was lost: ${describeError(error)}`, error)
    }
  }

  async #nextSession(): Promise<Session> {
    const patience = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(connectionWaitMs)])
    try {
      return await this.#parts.link.session(patience)
    } catch (error) {
      throw unavailable(`there is no connection to the broker: ${describeError(error)}`, error)
    }
  }
}

function toLetter({ letter }: Result): Letter {
  return letter
}

function without(results: readonly Result[], others: readonly Result[]): Result[] {
  const gone = new Set(others)
  return results.filter((result) => !gone.has(result))
}

function isNotConfirmed({ outcome }: Result): boolean {
  return outcome.kind !== 'confirmed'
}

/** The error of these; what was sent beside them was confirmed. */
function asFailure(error: unknown, results: readonly Result[]): PublishError {
  const failed = results.flatMap(({ letter }) => letter.outgoing.messageId ?? [])
  return new PublishError('BROKER_UNAVAILABLE', describeError(error), {
    failed,
    othersAccepted: true,
    cause: error,
  })
}

function failure({ letter, outcome }: Result, all: readonly Result[]): TaskbeatError {
  const { queue } = letter
  switch (outcome.kind) {
    case 'unroutable':
      return unavailable(`queue ${queue} does not exist, so nothing takes what is sent to it`)
    case 'refused':
      return unavailable(`queue ${queue} refused a message: ${outcome.reason}`)
    default: {
      const count = all.filter((result) => result.outcome.kind === 'unknown').length
      const what = count === 1 ? 'a message' : `${count} messages`
      const reason = outcome.kind === 'unknown' ? outcome.reason : 'unknown'
      return unavailable(
        `the connection was lost before the broker confirmed ${what} to queue ${queue} (${reason}): it may have been accepted, and the same id may be sent again`,
      )
    }
  }
}

function unavailable(message: string, cause?: unknown): TaskbeatError {
  return new TaskbeatError('BROKER_UNAVAILABLE', message, cause === undefined ? {} : { cause })
}
