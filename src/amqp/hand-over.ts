/**
 * How a message is held for longer than the broker allows. RabbitMQ closes the channel on which a delivery has been
 * unacknowledged for `consumer_timeout`, and the message would start elsewhere while it still runs here. So what has
 * been held for 0.4 of that is handed over, from whatever queue it came, to a queue of this worker's own:
 *
 *     Q ──▶ held ──0.4 × timeout──▶ published to Q.running.<instance>, confirmed
 *             ▲                          │ delivered to ourselves, as a younger copy
 *             └── held as that copy, the original is acknowledged; and so on round
 *
 * There may be two copies for a moment and never none. When this worker dies its copies are ready again, and the TTL of
 * that queue sends them back to Q. When only the connection is replaced and comes back within that TTL, the copies are
 * delivered here again and what runs takes hold of them once more.
 */
import type { Clock } from '../core/clock.ts'
import { type Milliseconds, milliseconds } from '../core/instant.ts'
import { newUuid } from '../core/uuid.ts'
import type { Health } from './health.ts'
import type { HeldMessage, Holdings } from './held-message.ts'
import type { Relay } from './relay.ts'
import { copyHeader, type Republisher } from './republisher.ts'
import type { Channel, Incoming, Session } from './session.ts'
import { runningQueue } from './topology.ts'

export interface HandOverParts {
  readonly clock: Clock
  readonly holdings: Holdings
  readonly republisher: Republisher
  readonly instance: string
  readonly consumerTimeout: Milliseconds
  /** Makes this worker's queue of long runs beside the queue. */
  readonly declare: (session: Session, queue: string) => Promise<void>
  readonly relay: Relay
  readonly health: Health
}

const operation = 'keep what runs for long'
const shareOfTimeout = 0.4
const looksPerTimeout = 40

export class HandOver {
  readonly #parts: HandOverParts
  /** By the name of their copy: what is on its way to the queue of long runs, or held from there. */
  readonly #copies = new Map<string, HeldMessage>()
  readonly #underWay = new Set<HeldMessage>()
  #queues = new Map<string, Promise<unknown>>()
  #session: Session | undefined
  #channels: Channel[] = []

  constructor(parts: HandOverParts) {
    this.#parts = parts
  }

  /** Hands over what gets old, while the signal is not aborted. */
  async run(session: Session, ended: AbortSignal): Promise<void> {
    const { clock, consumerTimeout } = this.#parts
    const queues = [...this.#queues.keys()]
    this.#session = session
    this.#queues = new Map()
    this.#channels = []
    for (const queue of queues) this.#open(queue).catch((error: unknown) => this.#failed(error))
    const over = AbortSignal.any([ended, session.lost])
    while (!over.aborted) {
      await clock.sleep(milliseconds(consumerTimeout / looksPerTimeout), over)
      if (!over.aborted) this.#look(session)
    }
  }

  /** Nothing of it is left to be settled. */
  async leave(): Promise<void> {
    await Promise.all(this.#channels.splice(0).map((channel) => channel.close()))
  }

  #look(session: Session): void {
    const { clock, holdings, consumerTimeout, health } = this.#parts
    this.#forgetSettled()
    const oldest = clock.monotonic() - shareOfTimeout * consumerTimeout
    for (const held of holdings) {
      if (held.since > oldest) break
      if (held.lost || this.#underWay.has(held) || session.lost.aborted) continue
      this.#underWay.add(held)
      this.#handOver(held)
        .then(
          () => health.succeeded(operation),
          (error: unknown) => this.#failed(error),
        )
        .finally(() => this.#underWay.delete(held))
    }
  }

  async #handOver(held: HeldMessage): Promise<void> {
    await this.#open(held.queue)
    if (!held.open || held.lost) return
    const copy = newUuid()
    this.#copies.set(copy, held)
    // If this fails it may be there all the same: it is taken when it comes, or falls back to its queue.
    await this.#parts.republisher.keep(held, this.#parts.instance, copy)
  }

  /** The queue of long runs, once for each session. */
  #open(queue: string): Promise<unknown> {
    const session = this.#session
    if (!session) throw new Error('there is no session')
    const queues = this.#queues
    const opened = queues.get(queue) ?? this.#consume(session, queue)
    queues.set(queue, opened)
    opened.catch(() => queues.delete(queue))
    return opened
  }

  async #consume(session: Session, queue: string): Promise<void> {
    await this.#parts.declare(session, queue)
    const channel = await session.openChannel({ confirm: false, prefetch: 0 })
    this.#channels.push(channel)
    await channel.consume(runningQueue(queue, this.#parts.instance), {}, (incoming) =>
      this.#arrive(incoming, channel, queue),
    )
  }

  #arrive(incoming: Incoming, channel: Channel, queue: string): void {
    const name = incoming.headers[copyHeader]
    const held = typeof name === 'string' ? this.#copies.get(name) : undefined
    if (held?.open) held.moveTo({ channel, incoming, since: this.#parts.clock.monotonic() })
    else if (held?.settled)
      channel.ack(incoming) // while this copy was on its way
    else this.#parts.relay.passOnUnknown(incoming, channel, queue) // left behind by a run whose end could not be told
  }

  /** What fails with the session is told by whoever has it. */
  #failed(error: unknown): void {
    if (!this.#session?.lost.aborted) this.#parts.health.failed(operation, error)
  }

  #forgetSettled(): void {
    for (const [copy, held] of this.#copies) {
      if (!held.open && !this.#underWay.has(held)) this.#copies.delete(copy)
    }
  }
}
