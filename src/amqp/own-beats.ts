import type { BeatReport } from '../broker/broker-status.ts'
import type { Candidate, LeaderStatus } from '../broker/term.ts'
import type { AmqpTerm } from './amqp-term.ts'

/** The beats of this process, for others to ask about: from when they stand by until their terms are over. */
export class OwnBeats {
  readonly #beats = new Map<Candidate, AmqpTerm | undefined>()

  /** Keeps it for as long as it stands by, and as the term lasts that it wins. */
  async keep(candidate: Candidate, lead: () => Promise<AmqpTerm>): Promise<AmqpTerm> {
    this.#beats.set(candidate, undefined)
    try {
      const term = await lead()
      this.#beats.set(candidate, term)
      term.lost.addEventListener('abort', () => this.#beats.delete(candidate), { once: true })
      if (term.lost.aborted) this.#beats.delete(candidate)
      return term
    } catch (error) {
      this.#beats.delete(candidate)
      throw error
    }
  }

  get leaders(): readonly LeaderStatus[] {
    return [...this.#beats.values()].flatMap((term) => term?.status ?? [])
  }

  get reports(): readonly BeatReport[] {
    return [...this.#beats].map(([{ group, host, pid, scheduleHash, schedule }, term]) => ({
      group,
      host,
      pid,
      leads: term !== undefined,
      scheduleHash: term?.status.scheduleHash ?? schedule?.().hash ?? scheduleHash,
    }))
  }

  /** The schedule in force here for this group. */
  scheduleOf(group: unknown): ReturnType<NonNullable<Candidate['schedule']>> | undefined {
    return [...this.#beats.keys()].find((candidate) => candidate.group === group)?.schedule?.()
  }

  /** Somebody may not know what is revoked. */
  tellRevoked(): void {
    for (const term of this.#beats.values()) term?.tellRevoked()
  }
}
