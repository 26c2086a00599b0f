import type { Clock } from '../core/clock.ts'
import { type Milliseconds, milliseconds } from '../core/instant.ts'
import type { HeldMessage, Holdings } from './held-message.ts'
import type { LaneDesk } from './lane-desk.ts'
import type { Relay } from './relay.ts'
import type { Channel, Incoming, Subscription } from './session.ts'
import { WaitingRoom } from './waiting-room.ts'

export interface LaneParts {
  readonly clock: Clock
  readonly desk: LaneDesk
  readonly relay: Relay
  readonly holdings: Holdings
  /** Takes it as a message; what cannot be decoded is set aside. */
  readonly receive: (incoming: Incoming, channel: Channel) => HeldMessage | undefined
}

/** So much of a lane is held at once, due or not: more than may wait for one entry, so that others pass. */
export const lanePrefetch = 2_000

/** Whoever has been in line for so long gets what another held at the moment in which that one is gone. */
export const standingBy: Milliseconds = milliseconds(2_000)

/**
 * One lane in one session: while this worker is first in line it holds what is not due yet, and brings to the desk what
 * is. Nobody says who is first; whoever gets messages is.
 */
export class Lane {
  readonly queue: string
  readonly #parts: LaneParts
  readonly #channel: Channel
  #room: WaitingRoom<HeldMessage>
  #subscription: Subscription | undefined
  /** What arrives is wanted. */
  #inLine = false
  #enteredAt = milliseconds(0)
  #stopped = false
  #last: Promise<void> = Promise.resolve()

  constructor(queue: string, channel: Channel, parts: LaneParts) {
    this.queue = queue
    this.#channel = channel
    this.#parts = parts
    this.#room = this.#newRoom()
  }

  /** How many are held that are not due yet. */
  get waiting(): number {
    return this.#room.size
  }

  /** Its session is over. */
  get lost(): boolean {
    return this.#channel.lost.aborted
  }

  /** Gets in line. */
  subscribe(): Promise<void> {
    return this.#next(() => this.#enter())
  }

  /** Goes to the end of the line, unless something of this lane executes here. Says whether it did. */
  stepAside(): Promise<boolean> {
    return this.#whileIdle(async () => {
      await this.#leave()
      if (!this.#stopped) await this.#enter()
    })
  }

  /** Starts nothing more, and leaves the line unless something of this lane executes here. Says whether it did. */
  stop(): Promise<boolean> {
    this.#stopped = true
    this.#room.close()
    return this.#whileIdle(() => this.#leave())
  }

  /** Nothing of this lane starts meanwhile. */
  async #whileIdle(change: () => Promise<void>): Promise<boolean> {
    const { desk } = this.#parts
    if (!desk.pause(this.queue)) return false
    try {
      await this.#next(change)
      return true
    } finally {
      desk.resume(this.queue)
    }
  }

  /** Forgets what it holds: its session is over. */
  close(): void {
    this.#room.close()
  }

  #next(change: () => Promise<void>): Promise<void> {
    const done = this.#last.then(change)
    this.#last = done.catch(() => {}) // told to whoever asked for it
    return done
  }

  async #enter(): Promise<void> {
    this.#inLine = true
    this.#enteredAt = this.#parts.clock.monotonic()
    this.#subscription = await this.#channel.consume(this.queue, {}, (incoming) => this.#take(incoming))
  }

  /** What has not started is given back; nothing starts meanwhile. */
  async #leave(): Promise<void> {
    const subscription = this.#subscription
    if (!subscription) return
    this.#subscription = undefined
    this.#inLine = false
    this.#room.close()
    this.#room = this.#newRoom()
    await subscription.cancel()
    // All at once and in order, now that no more comes.
    const { holdings, relay } = this.#parts
    for (const held of [...holdings]) if (held.origin === this.queue && held.startable) relay.giveBack(held)
  }

  #take(incoming: Incoming): void {
    const { clock, desk, receive, relay } = this.#parts
    const held = receive(incoming, this.#channel)
    if (!held || !this.#inLine || this.#stopped) return
    held.seenBegun = held.returned && clock.monotonic() - this.#enteredAt > standingBy
    if (held.message.eta <= clock.now()) desk.take(held)
    else {
      this.#room.add(held)
      relay.relieve(this.#room, lanePrefetch)
    }
  }

  #newRoom(): WaitingRoom<HeldMessage> {
    const { clock, desk } = this.#parts
    return new WaitingRoom({ clock, due: (held) => desk.take(held) })
  }
}
