import type { DeadLetter, DeadLetters } from '../broker/dead-letters.ts'
import type { Clock } from '../core/clock.ts'
import { describeError, TaskbeatError } from '../core/errors.ts'
import type { TaskMessage } from '../task/task-message.ts'
import { forwardTask } from './codec.ts'
import { openReading, type Reading } from './dead-letters-reading.ts'
import { letterId, toDeadLetter } from './dead-letters-words.ts'
import type { Link } from './link.ts'
import type { Publisher } from './publisher.ts'
import type { Destination } from './route.ts'
import type { Incoming, Session } from './session.ts'
import { deadQueue } from './topology.ts'

export interface AmqpDeadLettersParts {
  readonly link: Link
  readonly publisher: Pick<Publisher, 'send'>
  /** The queues whose dead letters are looked at, as users name them. */
  readonly queues: readonly string[]
  /** Where a message goes at this moment. */
  readonly destinationOf: (message: TaskMessage) => Destination
  readonly clock: Clock
}

/**
 * Messages that were set aside, each beside its queue: in `Q.dead`, put there by a worker or, when it was handed out too
 * often, by the broker, which also keeps them few and young.
 *
 * A queue cannot be read without taking from it. So all of it is taken on a channel of its own, looked at, and given
 * back in its old order when the channel is closed; only what was settled is acknowledged before. Another reader waits
 * for its turn.
 */
export class AmqpDeadLetters implements DeadLetters {
  readonly #parts: AmqpDeadLettersParts
  #turn: Promise<void> = Promise.resolve()

  constructor(parts: AmqpDeadLettersParts) {
    this.#parts = parts
  }

  async list(limit: number): Promise<readonly DeadLetter[]> {
    const letters = await this.#read(
      () => true,
      limit,
      async (found) => found.map(({ letter }) => letter),
    )
    return letters.sort((a, b) => b.at - a.at).slice(0, limit)
  }

  find(idPrefix: string): Promise<DeadLetter> {
    return this.#one(idPrefix, async ([{ letter }]) => letter)
  }

  /** Confirmed before the letter is gone: a failure between the two leaves both, of one id. */
  retry(id: string): Promise<void> {
    return this.#one(id, async (copies) => {
      const [{ letter, incoming }] = copies
      const { message, queue } = letter
      if (!message) {
        throw new TaskbeatError(
          'UNSUPPORTED',
          `cannot retry ${letter.id}: it cannot be decoded (${letter.reason})`,
        )
      }
      const change = { attempt: message.attempt + 1, eta: this.#parts.clock.now() }
      const outgoing = {
        ...forwardTask(incoming, { ...change, unbounded: true }),
        ...this.#parts.destinationOf({ ...message, ...change }),
      }
      await this.#parts.publisher.send([{ queue, outgoing }])
      for (const copy of copies) copy.remove()
    })
  }

  drop(id: string): Promise<void> {
    return this.#one(id, async (copies) => {
      for (const copy of copies) copy.remove()
    })
  }

  /** All copies of the one letter whose id begins so, for the broker may have made several. */
  #one<T>(idPrefix: string, use: (copies: readonly [Found, ...Found[]]) => Promise<T>): Promise<T> {
    const isMeant = (incoming: Incoming): boolean => letterId(incoming).startsWith(idPrefix)
    return this.#read(isMeant, mostCopies, async ([first, ...others]) => {
      if (!first) throw new TaskbeatError('NOT_FOUND', `no dead letter begins with ${idPrefix}`)
      if (others.some(({ letter }) => letter.id !== first.letter.id))
        throw new TaskbeatError('NOT_FOUND', `more than one dead letter begins with ${idPrefix}`)
      return use([first, ...others])
    })
  }

  /** One after another: readers of one connection do not take turns by themselves. */
  #read<T>(
    isMeant: (incoming: Incoming) => boolean,
    most: number,
    use: (found: Found[]) => Promise<T>,
  ): Promise<T> {
    const reading = this.#turn.then(() => this.#readNow(isMeant, most, use))
    this.#turn = reading.then(
      () => {},
      () => {}, // told to whoever asked for it
    )
    return reading
  }

  /** What is meant in all of the queues, each queue's newest first, to be used while it is taken. */
  async #readNow<T>(
    isMeant: (incoming: Incoming) => boolean,
    most: number,
    use: (found: Found[]) => Promise<T>,
  ): Promise<T> {
    const { clock, queues } = this.#parts
    const readings: Reading[] = []
    const found: Found[] = []
    try {
      const session = await this.#session()
      for (const queue of queues) {
        const reading = await openReading(session, deadQueue(queue), { isMeant, most }, clock)
        if (!reading) continue
        readings.push(reading)
        for (const incoming of reading.found.toReversed()) {
          const letter = toDeadLetter(incoming, queue, clock.now())
          found.push({ incoming, letter, remove: () => reading.remove(incoming) })
        }
      }
      return await use(found)
    } catch (error) {
      throw error instanceof TaskbeatError ? error : unavailable(error)
    } finally {
      await Promise.allSettled(readings.map((reading) => reading.close()))
    }
  }

  #session(): Promise<Session> {
    return this.#parts.link.session(AbortSignal.timeout(connectionWaitMs))
  }
}

interface Found {
  readonly incoming: Incoming
  readonly letter: DeadLetter
  remove(): void
}

const mostCopies = 100
const connectionWaitMs = 5_000

function unavailable(cause: unknown): TaskbeatError {
  const message = `the dead letters cannot be read from the broker: ${describeError(cause)}`
  return new TaskbeatError('BROKER_UNAVAILABLE', message, { cause })
}
