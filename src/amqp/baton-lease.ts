import type { BrokerEvent } from '../broker/broker-event.ts'
import type { Clock } from '../core/clock.ts'
import { TaskbeatError } from '../core/errors.ts'
import { type Milliseconds, milliseconds } from '../core/instant.ts'
import { newUuid } from '../core/uuid.ts'
import { type Baton, compareBatons, encodeBaton, parseBaton } from './baton.ts'
import type { Channel, Incoming, Session } from './session.ts'

export interface LeaseParts {
  readonly session: Session
  /** Confirmed. */
  readonly publishing: Channel
  readonly consuming: Channel
  readonly queue: string
  readonly clock: Clock
  readonly emit: (event: BrokerEvent) => void
}

interface Held {
  readonly baton: Baton
  readonly incoming: Incoming
}

interface Awaited {
  readonly messageId: string
  readonly baton: Baton
  readonly arrived: PromiseWithResolvers<void>
}

/** A baton that is confirmed and not back after this long is in doubt; while the broker takes nothing, time stands still. */
const lateAfter = milliseconds(15_000)
const look = milliseconds(1_000)

/**
 * Holding the newest baton, unacknowledged: that is the lease.
 *
 * The queue has one active consumer. That it hands us a baton is its word that we are the one; and because the word
 * may be old, `advance` asks for it again each time: what we write has to be confirmed *and* to come back to us, which
 * it does in the queue's own order, before the former one is acknowledged. At every instant the newest baton is in
 * the queue or unacknowledged here, so whenever we die it goes to whoever is next.
 *
 * Older batons (of a leader that died between writing and acknowledging, or of two beats that began a group at once)
 * are acknowledged when a newer one is held. One that is newer than ours, once we have claimed, means that somebody
 * else leads: the session is destroyed. What is no baton is told and removed, but for one of a later version of taskbeat.
 */
export class BatonLease {
  readonly #parts: LeaseParts
  readonly #first = Promise.withResolvers<void>()
  #held: Held | undefined
  #awaited: Awaited | undefined
  #isClaimed = false

  constructor(parts: LeaseParts) {
    this.#parts = parts
    parts.session.lost.addEventListener('abort', () => this.#give(lossOf(parts.session)), { once: true })
    this.#first.promise.catch(() => {})
  }

  /** Begins to consume. From the first baton on, this is the active consumer. */
  async open(): Promise<void> {
    await this.#parts.consuming.consume(this.#parts.queue, {}, (incoming) => this.#take(incoming))
  }

  /** Resolves when something is handed to us, be it a baton or not; rejects when the session is lost. */
  get chosen(): Promise<void> {
    return this.#first.promise
  }

  /** The newest baton, once there is one. */
  get baton(): Baton | undefined {
    return this.#held?.baton
  }

  /** Begins what nobody has begun: publishes a baton without being chosen for it. */
  async plant(baton: Baton): Promise<void> {
    await this.#publish(baton, newUuid())
  }

  /** From here on a newer baton than ours is a doubt. */
  claim(): void {
    this.#isClaimed = true
  }

  /**
   * Writes the next baton and holds it in place of the former one. When it rejects the session is lost, and the
   * next holder finds the former one or this one.
   */
  async advance(next: Baton): Promise<void> {
    const awaited: Awaited = { messageId: newUuid(), baton: next, arrived: Promise.withResolvers() }
    this.#awaited = awaited
    awaited.arrived.promise.catch(() => {})
    await this.#publish(next, awaited.messageId)
    const over = new AbortController()
    void this.#destroyWhenLate(over.signal)
    try {
      await awaited.arrived.promise
    } finally {
      over.abort()
    }
  }

  async #publish(baton: Baton, messageId: string): Promise<void> {
    const { session, publishing, queue } = this.#parts
    const outcome = await publishing.publish({
      exchange: '',
      routingKey: queue,
      body: encodeBaton(baton),
      headers: {},
      messageId,
    })
    if (outcome.kind === 'confirmed') return
    const why = 'reason' in outcome ? `${outcome.kind}: ${outcome.reason}` : outcome.kind
    const error = new Error(`the baton in ${queue} was not taken (${why})`)
    session.destroy(error)
    throw error
  }

  #take(incoming: Incoming): void {
    const awaited = this.#awaited
    if (awaited && incoming.messageId === awaited.messageId) {
      this.#awaited = undefined
      this.#hold({ baton: awaited.baton, incoming })
      awaited.arrived.resolve()
      return
    }
    const baton = parseBaton(incoming.body)
    if ('problem' in baton) {
      if (baton.newer) this.#parts.session.destroy(newerVersion(this.#parts.queue, baton.problem))
      else this.#remove(incoming, baton.problem)
    } else if (this.#held && compareBatons(baton, this.#held.baton) <= 0) {
      this.#parts.consuming.ack(incoming)
    } else if (this.#isClaimed && compareBatons(baton, (awaited ?? this.#held)?.baton ?? baton) >= 0) {
      this.#parts.session.destroy(
        new Error(`a baton of another leader came: epoch ${baton.epoch}, seq ${baton.seq}`),
      )
    } else {
      this.#hold({ baton, incoming })
    }
    this.#first.resolve()
  }

  #hold(held: Held): void {
    const former = this.#held
    this.#held = held
    if (former) this.#parts.consuming.ack(former.incoming)
  }

  #remove(incoming: Incoming, reason: string): void {
    const { queue, consuming, emit } = this.#parts
    emit({ kind: 'messageUndecodable', id: incoming.messageId ?? '', queue, reason })
    consuming.ack(incoming)
  }

  #give(reason: Error): void {
    this.#first.reject(reason)
    this.#awaited?.arrived.reject(reason)
  }

  async #destroyWhenLate(over: AbortSignal): Promise<void> {
    const { clock, session, queue } = this.#parts
    let waited: Milliseconds = milliseconds(0)
    while (waited < lateAfter) {
      const before = clock.monotonic()
      await clock.sleep(look, over)
      if (over.aborted) return
      if (!session.blocked) waited = milliseconds(waited + clock.monotonic() - before)
    }
    session.destroy(new Error(`the baton written to ${queue} did not come back within ${lateAfter} ms`))
  }
}

function newerVersion(queue: string, problem: string): TaskbeatError {
  return new TaskbeatError(
    'UNSUPPORTED',
    `the baton in ${queue} was written by a later version of taskbeat: ${problem}`,
  )
}

/** Why a session is over. */
export function lossOf(session: Session): Error {
  const { reason } = session.lost
  return reason instanceof Error ? reason : new Error(String(reason))
}
