import type { Milliseconds } from '../core/instant.ts'
import type { TaskMessage } from '../task/task-message.ts'
import type { Channel, Incoming } from './session.ts'

/** One delivery of a message as the broker counts it. */
export interface Copy {
  readonly channel: Channel
  readonly incoming: Incoming
  /** When it came, on the monotonic clock. */
  readonly since: Milliseconds
}

/** Everything that a consumer holds unacknowledged, what it has held longest first. */
export type Holdings = Set<HeldMessage>

/**
 * A message that this process holds unacknowledged. The copy behind it changes when it is held for long (hand-over.ts);
 * whatever is done to it is done to the present one.
 */
export class HeldMessage {
  #message: TaskMessage
  /** The queue that it is for, as users name it. */
  readonly queue: string
  /** The queue that it first came from. */
  readonly origin: string
  readonly #holdings: Holdings
  #copy: Copy
  #handedOver = false
  #settled = false
  #begun = false
  /** Somebody sees to it: it was handed out, or is being passed on. */
  taken = false
  /** It was handed out before, and may have begun then. */
  returned = false
  /** Another run of its entry was skipped because of it. */
  stoodInTheWay = false
  /** It came to this worker, which stood by, from one that held it when it was due. */
  seenBegun = false

  constructor(message: TaskMessage, queue: string, copy: Copy, holdings: Holdings) {
    this.#message = message
    this.queue = queue
    this.origin = copy.incoming.queue
    this.#copy = copy
    this.#holdings = holdings
    holdings.add(this)
  }

  get message(): TaskMessage {
    return this.#message
  }

  /** It executed before and was interrupted: neither is it bound by its successor nor skipped because of it. */
  get begun(): boolean {
    return this.#begun
  }

  markBegun(): void {
    this.#begun = true
    const { occurrence, ...message } = this.#message
    if (!occurrence) return
    const { startBy: _startBy, ...unbound } = occurrence
    this.#message = { ...message, occurrence: unbound }
  }

  /** Neither acknowledged nor given back nor let go. */
  get open(): boolean {
    return this.#holdings.has(this)
  }

  /** The broker was told what became of it. */
  get settled(): boolean {
    return this.#settled
  }

  /** Its session is over: the broker hands it out again. */
  get lost(): boolean {
    return this.#copy.channel.lost.aborted
  }

  /** Nobody has taken it, and it is still ours to start. */
  get startable(): boolean {
    return this.open && !this.taken && !this.lost
  }

  /** It is in a queue of this process's own: who gives it back there gets it again. */
  get handedOver(): boolean {
    return this.#handedOver
  }

  get incoming(): Incoming {
    return this.#copy.incoming
  }

  get since(): Milliseconds {
    return this.#copy.since
  }

  /** The broker forgets it. */
  ack(): void {
    this.#settled = true
    this.letGo()
    acknowledge(this.#copy)
  }

  /** The broker forgets it; false when the session was lost before it had said so. */
  async ackForSure(): Promise<boolean> {
    const { channel } = this.#copy
    this.ack()
    try {
      await channel.acksTaken()
      return true
    } catch {
      return false // told by whoever watches the session
    }
  }

  /** The broker delivers it again, from the queue that it came from. */
  giveBack(): void {
    this.#settled = true
    this.letGo()
    const { channel, incoming } = this.#copy
    if (!channel.lost.aborted) channel.giveBack(incoming)
  }

  /** Nothing more is done to it here; its session is over. */
  letGo(): void {
    this.#holdings.delete(this)
  }

  /** From now on it is held as this copy; the one before is acknowledged. */
  moveTo(copy: Copy): void {
    const before = this.#copy
    this.#copy = copy
    this.#handedOver = true
    this.#holdings.delete(this)
    this.#holdings.add(this)
    acknowledge(before)
  }
}

function acknowledge({ channel, incoming }: Copy): void {
  if (!channel.lost.aborted) channel.ack(incoming)
}
