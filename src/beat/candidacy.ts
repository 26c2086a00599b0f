import type { Broker } from '../broker/broker.ts'
import type { Candidate, Term } from '../broker/term.ts'

export type Standing =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'won'; readonly term: Term }
  | { readonly kind: 'failed'; readonly error: unknown }

/** One attempt to lead, which the loop looks at instead of waiting for it. */
export class Candidacy {
  readonly candidate: Candidate
  readonly #withdrawal = new AbortController()
  readonly #decided: Promise<void>
  #standing: Standing = { kind: 'waiting' }

  /** `tell` is called once, when it is decided. */
  constructor(broker: Pick<Broker, 'lead'>, candidate: Candidate, tell: () => void) {
    this.candidate = candidate
    this.#decided = broker.lead(candidate, this.#withdrawal.signal).then(
      (term) => {
        this.#standing = { kind: 'won', term }
        tell()
      },
      (error: unknown) => {
        this.#standing = { kind: 'failed', error }
        tell()
      },
    )
  }

  get standing(): Standing {
    return this.#standing
  }

  /** Waits no longer. A term that was won at the same moment is given back. */
  async withdraw(): Promise<void> {
    this.#withdrawal.abort()
    await this.#decided
    if (this.#standing.kind === 'won') await this.#standing.term.resign()
  }
}
