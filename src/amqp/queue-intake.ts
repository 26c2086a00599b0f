import type { Clock } from '../core/clock.ts'
import { type Milliseconds, milliseconds } from '../core/instant.ts'
import { begunHeader } from './codec-forward.ts'
import type { HandOut } from './hand-out.ts'
import type { Health } from './health.ts'
import { HeldMessage, type Holdings } from './held-message.ts'
import { Lane, lanePrefetch, standingBy } from './lane.ts'
import type { LaneDesk } from './lane-desk.ts'
import { Lanes } from './lanes.ts'
import type { Relay } from './relay.ts'
import type { Channel, Incoming, Session, Subscription } from './session.ts'
import { etaQueue, hasLanes, laneQueues, type QueueType } from './topology.ts'
import { WaitingRoom } from './waiting-room.ts'
import { WorkSubscription } from './work-subscription.ts'

export interface QueueIntakeParts {
  readonly queue: string
  readonly type: QueueType
  readonly slots: number
  readonly clock: Clock
  readonly holdings: Holdings
  readonly handOut: HandOut
  readonly desk: LaneDesk
  readonly relay: Relay
  /** This worker is behind others in a lane that it owns. */
  readonly behind: () => void
  readonly health: Health
}

/** How many messages that are not due yet one worker holds of one queue. */
export const roomPrefetch = 1_000

/**
 * All that a consumer takes of one queue in one session.
 *
 *     Q      due            ──▶ handed out when a slot is free; work-subscription.ts says how many
 *     Q.eta  due soon       ──▶ waiting room ──▶ handed out if a slot is free, else passed to Q for any worker
 *     Q.lane one at a time  ──▶ lane         ──▶ desk ──▶ handed out
 *
 * What comes where it does not belong (too early, or an occurrence of a lane that fell back to Q from a dead worker) is
 * passed on to where it does.
 */
export class QueueIntake {
  readonly #parts: QueueIntakeParts
  readonly #room: WaitingRoom<HeldMessage>
  #eta: Subscription | undefined
  #work: WorkSubscription | undefined
  readonly #channels: Channel[] = []
  #lanes: Lanes | undefined
  #openedAt: Milliseconds = milliseconds(0)
  #stopped = false

  constructor(parts: QueueIntakeParts) {
    this.#parts = parts
    this.#room = new WaitingRoom({ clock: parts.clock, due: (held) => this.#due(held) })
  }

  /** How many are held that are not due yet. */
  get waiting(): number {
    return this.#room.size + (this.#lanes?.waiting ?? 0)
  }

  async open(session: Session): Promise<void> {
    const { queue, type, slots } = this.#parts
    const [work, eta] = await Promise.all([
      session.openChannel({ confirm: false, prefetch: slots }),
      session.openChannel({ confirm: false, prefetch: roomPrefetch }),
    ])
    this.#channels.push(work, eta)
    this.#openedAt = this.#parts.clock.monotonic()
    if (hasLanes(type)) await this.#openLanes(session)
    this.#eta = await eta.consume(etaQueue(queue), {}, (incoming) => this.#wait(incoming, eta))
    this.#work = this.#openWork(session, work)
    await this.#work.open()
  }

  /** Takes no more; what nobody has taken is given back by whoever stops this. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#room.close()
    await Promise.all([this.#eta?.cancel(), this.#work?.stop(), this.#lanes?.stop()])
  }

  /** Nothing of it is left to be settled. */
  async leave(): Promise<void> {
    await Promise.all(this.#channels.splice(0).map((channel) => channel.close()))
  }

  /** Forgets what waits: the session is over. */
  close(): void {
    this.#stopped = true
    this.#room.close()
    this.#work?.close()
    this.#lanes?.close()
  }

  /** There are free slots, and nobody waits for one. */
  slotsFree(): void {
    this.#work?.slotsFree()
  }

  /** The workers of this queue are others than before. */
  share(workers: readonly string[], self: string): void {
    this.#lanes?.share(workers, self)
  }

  laneIdle(lane: string): void {
    this.#lanes?.idle(lane)
  }

  async #openLanes(session: Session): Promise<void> {
    const { queue, clock, desk, relay, holdings, behind, health } = this.#parts
    const channel = await session.openChannel({ confirm: false, prefetch: lanePrefetch })
    this.#channels.push(channel)
    const receive = (incoming: Incoming): HeldMessage | undefined => this.#receive(incoming, channel)
    const parts = { clock, desk, relay, holdings, receive }
    this.#lanes = new Lanes(
      laneQueues(queue).map((name) => new Lane(name, channel, parts)),
      { behind, health },
    )
    await this.#lanes.subscribe()
  }

  #openWork(session: Session, channel: Channel): WorkSubscription {
    const { queue, slots, clock, handOut, relay, holdings, health } = this.#parts
    return new WorkSubscription({
      queue,
      slots,
      clock,
      session,
      channel,
      handOut,
      relay,
      waiting: () => [...holdings].filter((held) => held.origin === queue && held.startable),
      take: (incoming) => this.#take(incoming, channel),
      health,
    })
  }

  #take(incoming: Incoming, channel: Channel): void {
    const { clock, handOut, relay } = this.#parts
    const held = this.#receive(incoming, channel)
    if (!held || this.#stopped) return
    this.#markInterrupted(held)
    if (held.message.eta > clock.now() || this.#isOfLane(held)) relay.passOn(held)
    else {
      handOut.offer(held)
      if (held.startable) this.#work?.slotsTaken()
    }
  }

  #wait(incoming: Incoming, channel: Channel): void {
    const held = this.#receive(incoming, channel)
    if (!held || this.#stopped) return
    this.#markInterrupted(held)
    this.#room.add(held)
    this.#parts.relay.relieve(this.#room, roomPrefetch)
  }

  #due(held: HeldMessage): void {
    const { handOut, relay } = this.#parts
    if (handOut.freeSlots > 0 && !this.#isOfLane(held)) handOut.offer(held)
    else relay.passOn(held)
  }

  /** What comes at once from a worker that is gone was due there, and so had begun. */
  #markInterrupted(held: HeldMessage): void {
    const stoodBy = this.#parts.clock.monotonic() - this.#openedAt > standingBy
    if (held.returned && stoodBy) held.markBegun()
  }

  #isOfLane({ message }: HeldMessage): boolean {
    const { occurrence } = message
    return occurrence !== undefined && occurrence.overlap !== 'allow' && hasLanes(this.#parts.type)
  }

  #receive(incoming: Incoming, channel: Channel): HeldMessage | undefined {
    const { queue, clock, holdings, relay } = this.#parts
    const message = relay.read(incoming, channel, queue)
    if (!message) return undefined
    const held = new HeldMessage(message, queue, { channel, incoming, since: clock.monotonic() }, holdings)
    held.returned = incoming.redelivered && message.eta <= clock.now()
    if (incoming.headers[begunHeader] === true) held.markBegun()
    return held
  }
}
