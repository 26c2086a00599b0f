import type { Clock } from '../core/clock.ts'
import { type Milliseconds, milliseconds } from '../core/instant.ts'
import type { HandOut } from './hand-out.ts'
import type { Health } from './health.ts'
import type { HeldMessage } from './held-message.ts'
import type { Relay } from './relay.ts'
import type { Channel, Incoming, Session, Subscription } from './session.ts'

export interface WorkSubscriptionParts {
  readonly queue: string
  /** How many this worker may execute at once, of all its queues. */
  readonly slots: number
  readonly clock: Clock
  readonly session: Session
  readonly channel: Channel
  readonly handOut: Pick<HandOut, 'freeSlots'>
  readonly relay: Pick<Relay, 'passOn'>
  /** What was taken from this queue and waits for a slot, the first that came first. */
  readonly waiting: () => readonly HeldMessage[]
  readonly take: (incoming: Incoming) => void
  readonly health: Health
}

const operation = 'leave messages to another worker'
/** So long a message waits here for a slot before it is left to others. */
const patience = milliseconds(500)
/** How often it is looked whether there are others who would take it. */
const betweenLooks = milliseconds(1_000)
/** As long as others have more of this queue than they can do, what waits here is not put behind all that. */
const longPatience = milliseconds(30_000)

/**
 * What a worker takes from Q: as many at once as it has slots to execute them.
 *
 * The slots are not for Q alone: lanes, the waiting room and other queues use them too. So the prefetch is not given
 * once for all, but in parts, a consumer each: whenever slots are free, another part for so many, until together they
 * are for all slots. What was given cannot be made smaller. When something waits for a slot all the same, the whole
 * subscription ends, and what waits is passed on to Q if others take from it. It begins again with the first free slot,
 * for just that one.
 *
 *     nothing ──slots free──▶ a part of the slots ──slots free──▶ all of the slots
 *        ▲                           │                                 │
 *        └─────────something waits for a slot for half a second────────┘
 *
 * Whoever is busy takes nothing, so that messages do not wander among busy workers: when none takes from Q, they stay
 * with whoever has them.
 */
export class WorkSubscription {
  readonly #parts: WorkSubscriptionParts
  readonly #subscriptions: Subscription[] = []
  readonly #over = new AbortController()
  #prefetch = 0
  #last: Promise<void> = Promise.resolve()
  /** There are free slots that nobody has been asked to fill. */
  #unasked = false
  #watching = false

  constructor(parts: WorkSubscriptionParts) {
    this.#parts = parts
  }

  /** Takes as much as there are free slots for. */
  async open(): Promise<void> {
    await this.#next(() => this.#widen())
  }

  /** There are free slots, and nobody waits for one. */
  slotsFree(): void {
    if (this.#unasked || this.#prefetch >= this.#parts.slots) return
    this.#unasked = true
    this.#next(() => this.#widen()).catch((error: unknown) => this.#failed(error))
  }

  /** Something waits for a slot. */
  slotsTaken(): void {
    if (this.#watching || this.#over.signal.aborted) return
    this.#watching = true
    void this.#watch().finally(() => {
      this.#watching = false
    })
  }

  /** Takes no more. */
  stop(): Promise<void> {
    this.close()
    return this.#next(() => this.#cancel())
  }

  /** Looks after nothing any more: the session is over. */
  close(): void {
    this.#over.abort()
  }

  /** One change after another. */
  #next(change: () => Promise<void>): Promise<void> {
    const done = this.#last.then(change)
    this.#last = done.catch(() => {}) // told to whoever asked for it
    return done
  }

  async #widen(): Promise<void> {
    const { queue, slots, channel, handOut, take } = this.#parts
    this.#unasked = false
    const prefetch = Math.min(handOut.freeSlots, slots - this.#prefetch)
    if (prefetch <= 0 || this.#over.signal.aborted) return
    // Changes come one after another, so nothing else counts meanwhile.
    this.#subscriptions.push(await channel.consume(queue, { prefetch }, take))
    this.#prefetch += prefetch
  }

  async #cancel(): Promise<void> {
    this.#prefetch = 0
    await Promise.all(this.#subscriptions.splice(0).map((subscription) => subscription.cancel()))
  }

  /** Runs while anything waits, also when a look has failed. */
  async #watch(): Promise<void> {
    const { clock } = this.#parts
    const over = this.#over.signal
    for (let pause = patience; !over.aborted; ) {
      await clock.sleep(pause, over)
      const [first] = this.#waiting()
      if (!first) return
      const left = patience - this.#ageOf(first)
      pause = left > 0 ? milliseconds(left) : betweenLooks
      if (left <= 0)
        await this.#next(() => this.#leaveToOthers()).catch((error: unknown) => this.#failed(error))
    }
  }

  /** Passes on what others would take at once. */
  async #leaveToOthers(): Promise<void> {
    const { queue, session, relay, health } = this.#parts
    await this.#cancel()
    const counts = await session.apart(`look at the queue ${queue}`, (channel) => channel.checkQueue(queue))
    health.succeeded(operation)
    if (!counts || counts.consumers === 0) return
    const least = counts.messages === 0 ? milliseconds(0) : longPatience
    for (const held of this.#waiting()) if (this.#ageOf(held) >= least) relay.passOn(held)
  }

  #waiting(): readonly HeldMessage[] {
    return this.#over.signal.aborted ? [] : this.#parts.waiting()
  }

  #ageOf({ since }: HeldMessage): Milliseconds {
    return milliseconds(this.#parts.clock.monotonic() - since)
  }

  /** What fails with the session is told by whoever has it. */
  #failed(error: unknown): void {
    if (!this.#parts.session.lost.aborted) this.#parts.health.failed(operation, error)
  }
}
