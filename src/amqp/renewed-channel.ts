import type { Channel, Outgoing, PublishOutcome, Session } from './session.ts'

/** One channel, as long as nothing was refused on it. */
interface Way {
  readonly opened: Promise<Channel>
  /** The same, once it is there. */
  channel: Channel | undefined
  /** How much is not answered yet. */
  underWay: number
}

const confirmed = { confirm: true, prefetch: 0 } as const

/**
 * Publishes, confirmed, for as long as its session lives. A channel that has refused a message is left for another: that
 * of RabbitMQ 3.10 goes on refusing what is for a queue whose leader died with its node, long after there is another
 * leader. It is closed once nobody waits on it.
 */
export class RenewedChannel {
  readonly #session: Session
  #way: Way

  private constructor(session: Session, first: Channel) {
    this.#session = session
    this.#way = { opened: Promise.resolve(first), channel: first, underWay: 0 }
  }

  static async open(session: Session): Promise<RenewedChannel> {
    return new RenewedChannel(session, await session.openChannel(confirmed))
  }

  /** Resolves with what the broker said of it; never rejects. */
  async publish(outgoing: Outgoing): Promise<PublishOutcome> {
    const way = this.#way
    way.underWay++
    const outcome = await (way.channel?.publish(outgoing) ?? publishOn(way.opened, outgoing))
    way.underWay--
    if (outcome.kind === 'refused' && way === this.#way) this.#way = this.#open()
    // When it does not close, its session is over, and it with it.
    if (way.underWay === 0 && way !== this.#way) void way.channel?.close().catch(() => {})
    return outcome
  }

  #open(): Way {
    const opened = this.#session.openChannel(confirmed)
    const way: Way = { opened, channel: undefined, underWay: 0 }
    opened.then(
      (channel) => {
        way.channel = channel
      },
      () => {}, // told to whoever publishes
    )
    return way
  }
}

async function publishOn(opened: Promise<Channel>, outgoing: Outgoing): Promise<PublishOutcome> {
  try {
    return await (await opened).publish(outgoing)
  } catch (error) {
    return { kind: 'unknown', reason: error instanceof Error ? error.message : String(error) }
  }
}
