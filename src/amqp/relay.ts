import type { BrokerEvent } from '../broker/broker-event.ts'
import { backoffDelay } from '../core/backoff.ts'
import type { Clock } from '../core/clock.ts'
import { milliseconds, plus } from '../core/instant.ts'
import type { TaskMessage } from '../task/task-message.ts'
import { claimedId, decodeTask } from './codec.ts'
import type { Health } from './health.ts'
import { HeldMessage, type Holdings } from './held-message.ts'
import { holdWhenFull, type Republisher } from './republisher.ts'
import type { Channel, Incoming } from './session.ts'
import type { WaitingRoom } from './waiting-room.ts'

export interface RelayParts {
  readonly clock: Clock
  readonly republisher: Republisher
  /** Aborted when nothing is passed on any more that could not be so far. */
  readonly stopping: AbortSignal
  readonly holdings: Holdings
  readonly health: Health
  readonly emit: (event: BrokerEvent) => void
}

const operation = 'pass on messages'
const retryBackoff = { firstMs: 200, factor: 2, longestMs: 5_000, jitter: 'none' } as const
/** So long a stop waits for what is on its way: an alarm of the broker may hold it up for hours. */
const lastWords = milliseconds(5_000)
/** A full room is looked through again after so long at the earliest. */
const betweenReliefs = milliseconds(250)

/** Passes on what does not run here: published, confirmed, then acknowledged; tried again as long as it is held. */
export class Relay {
  readonly #parts: RelayParts
  readonly #underWay = new Set<Promise<void>>()
  readonly #relieved = new WeakMap<object, number>()

  constructor(parts: RelayParts) {
    this.#parts = parts
  }

  /** To where it belongs at this moment. */
  passOn(held: HeldMessage): void {
    this.#pass(held, () => this.#parts.republisher.forward(held))
  }

  /** Back to the broker before it was started. */
  giveBack(held: HeldMessage): void {
    if (held.handedOver) this.passOn(held)
    else held.giveBack()
  }

  /** Sends those who are due latest back to the broker when a room of this capacity is nearly full. */
  relieve(room: WaitingRoom<HeldMessage>, capacity: number): void {
    const { clock, republisher } = this.#parts
    if (room.size < capacity * 0.9) return
    const now = clock.monotonic()
    if (now < (this.#relieved.get(room) ?? 0)) return
    const tooFar = plus(clock.now(), milliseconds(holdWhenFull + 5_000))
    const furthest = room.takeFurthest(Math.ceil(capacity / 4), tooFar)
    if (furthest.length === 0) this.#relieved.set(room, now + betweenReliefs)
    for (const held of furthest) this.#pass(held, () => republisher.putOff(held))
  }

  /** To where it belongs, whatever it is: nobody here knows it. */
  passOnUnknown(incoming: Incoming, channel: Channel, queue: string): void {
    const { clock, holdings } = this.#parts
    const message = this.read(incoming, channel, queue)
    const copy = { channel, incoming, since: clock.monotonic() }
    if (message) this.passOn(new HeldMessage(message, queue, copy, holdings))
  }

  /** What arrived, as a message; what cannot be decoded is set aside with the reason. */
  read(incoming: Incoming, channel: Channel, queue: string): TaskMessage | undefined {
    const { clock, emit } = this.#parts
    const message = decodeTask(incoming, { queue, now: clock.now() })
    if (!('problem' in message)) return message
    emit({ kind: 'messageUndecodable', id: claimedId(incoming) ?? '', queue, reason: message.problem })
    this.#setAside(incoming, channel, queue, `it cannot be decoded: ${message.problem}`)
    return undefined
  }

  /** Resolves when nothing is on its way, or the broker has said nothing of it for too long: then it comes again. */
  async idle(): Promise<void> {
    const arrived = new AbortController()
    const arriving = this.#allArrived().finally(() => arrived.abort())
    await Promise.race([arriving, this.#parts.clock.sleep(lastWords, arrived.signal)])
  }

  async #allArrived(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
  }

  #setAside(incoming: Incoming, channel: Channel, queue: string, reason: string): void {
    this.#track(
      this.#persist(
        () => !channel.lost.aborted,
        () => this.#parts.republisher.setAside(incoming, queue, reason),
      ).then((done) => {
        if (channel.lost.aborted) return
        if (done) channel.ack(incoming)
        else channel.giveBack(incoming)
      }),
    )
  }

  #pass(held: HeldMessage, publish: () => Promise<void>): void {
    if (held.taken) return // it was cancelled meanwhile, and handed out as that
    held.taken = true
    this.#track(
      this.#persist(() => held.open && !held.lost, publish).then((done) => {
        if (held.lost) held.letGo()
        else if (done) held.ack()
        // What it has of its own goes back to its queue with the end of this worker.
        else if (held.open && !held.handedOver) held.giveBack()
      }),
    )
  }

  /** Whether it was done. */
  async #persist(wanted: () => boolean, publish: () => Promise<void>): Promise<boolean> {
    const { clock, stopping, health } = this.#parts
    for (let failures = 1; wanted(); failures++) {
      try {
        await publish()
        health.succeeded(operation)
        return true
      } catch (error) {
        health.failed(operation, error)
        if (stopping.aborted) return false
        await clock.sleep(backoffDelay(retryBackoff, failures, Math.random), stopping)
      }
    }
    return false
  }

  #track(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => this.#parts.health.failed(operation, error))
      .finally(() => this.#underWay.delete(tracked))
    this.#underWay.add(tracked)
  }
}
