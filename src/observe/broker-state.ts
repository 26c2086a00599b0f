import type { BrokerEvent } from '../broker/broker-event.ts'
import { describeError } from '../core/errors.ts'

/** How it stands with the broker, in a few words, as its events have told. */
export class BrokerState {
  /** What is wrong, by connection, or by what the embedded broker could not do. */
  readonly #troubles = new Map<string, string>()
  /** Nothing was heard of a connection yet, and there is to be one. */
  #awaited: boolean

  constructor({ awaited }: { readonly awaited: boolean }) {
    this.#awaited = awaited
  }

  note(event: BrokerEvent): void {
    switch (event.kind) {
      case 'linkOpened':
      case 'linkUnblocked':
        this.#awaited = false
        this.#troubles.delete(event.link)
        break
      case 'linkFailed':
      case 'linkLost':
        this.#awaited = false
        this.#troubles.set(event.link, `waiting for the broker: ${describeError(event.error)}`)
        break
      case 'linkBlocked':
        this.#troubles.set(event.link, `the broker takes nothing for now: ${event.reason}`)
        break
      case 'brokerFailed':
        this.#troubles.set('', `the broker fails: ${describeError(event.error)}`)
        break
      case 'brokerRecovered':
        this.#troubles.delete('')
        break
      default:
    }
  }

  /** What is wrong, if anything. */
  get trouble(): string | undefined {
    const [trouble] = this.#troubles.values()
    return trouble ?? (this.#awaited ? 'waiting for the broker' : undefined)
  }

  describe(): string {
    return this.trouble ?? 'the broker answers'
  }
}
