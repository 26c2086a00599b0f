import type { RawMessage } from './amqplib-connect.ts'

/**
 * What a channel holds unacknowledged, and what of it is to be acknowledged in this turn of the event loop.
 *
 * All that is acknowledged in one turn is told at its end, and told at once as far as nothing is held that came before:
 * "up to this one" is a single command to a quorum queue, to be logged and copied to its other nodes, and one for each
 * message is the dearest part of taking it.
 */
export class Acknowledgements {
  readonly #tell: (raw: RawMessage, upTo: boolean) => void
  /** The numbers of what is held, in the order in which it came. */
  readonly #held = new Set<number>()
  #due: RawMessage[] = []

  constructor(tell: (raw: RawMessage, upTo: boolean) => void) {
    this.#tell = tell
  }

  /** It came, and has to be acknowledged or given back. */
  came(raw: RawMessage): void {
    this.#held.add(raw.fields.deliveryTag)
  }

  gaveBack(raw: RawMessage): void {
    this.#held.delete(raw.fields.deliveryTag)
  }

  add(raw: RawMessage): void {
    this.#held.delete(raw.fields.deliveryTag)
    if (this.#due.push(raw) === 1) process.nextTick(() => this.flush())
  }

  /** Tells now what is to be told. */
  flush(): void {
    const due = this.#due
    this.#due = []
    const [oldest = Number.POSITIVE_INFINITY] = this.#held
    let last: RawMessage | undefined
    for (const raw of due) {
      const { deliveryTag } = raw.fields
      if (deliveryTag > oldest) this.#tell(raw, false)
      else if (!last || deliveryTag > last.fields.deliveryTag) last = raw
    }
    if (last) this.#tell(last, true)
  }
}
