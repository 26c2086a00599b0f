import type { Broker } from '../broker/broker.ts'
import type { Candidate, ScheduleInForce, Term } from '../broker/term.ts'
import { type Backoff, backoffDelay, type Random } from '../core/backoff.ts'
import { longestNap } from '../core/clock.ts'
import { between, type Milliseconds, milliseconds, plus } from '../core/instant.ts'
import { LeaderWatch, type LeaderWatchParts } from './leader-watch.ts'

export interface StandbyParts extends LeaderWatchParts {
  readonly broker: Pick<Broker, 'lead' | 'status'>
  readonly random: Random
  readonly missed: NonNullable<Candidate['missed']>
}

export interface Won {
  readonly term: Term
  /** Another beat was seen to lead before. */
  readonly waited: boolean
}

const candidacyBackoff: Backoff = { firstMs: 200, factor: 2, longestMs: 2_000, jitter: 'full' }

/** One beat's waiting for a term, turn by turn: it asks to lead, and asks again when the broker cannot be asked. */
export class Standby {
  readonly #parts: StandbyParts
  readonly #withdrawal = new AbortController()
  readonly #watch: LeaderWatch
  #candidacy: Promise<void> | undefined
  #won: Won | undefined
  #failure: { readonly error: unknown } | undefined
  #failures = 0

  constructor(parts: StandbyParts) {
    this.#parts = parts
    this.#watch = new LeaderWatch(parts)
  }

  /** The term that was won. Whoever takes it up is responsible for it. */
  get won(): Won | undefined {
    return this.#won
  }

  /** Does what there is to do now, and says how long to rest; the bell rings when the candidacy is decided. */
  turn(): Milliseconds {
    if (this.#failure) return this.#failed(this.#failure.error)
    this.#candidacy ??= this.#stand()
    return milliseconds(Math.min(this.#watch.turn(), this.#settleAlone()))
  }

  /** Waits no longer, and hands over the term that may have been won at the same moment. */
  async withdraw(): Promise<Term | undefined> {
    this.#watch.end()
    this.#withdrawal.abort()
    await this.#candidacy
    return this.#won?.term
  }

  async #stand(): Promise<void> {
    const { broker, group, host, pid, roster, bell, missed } = this.#parts
    const schedule = (): ScheduleInForce => ({ hash: roster.hash, entries: roster.known })
    const takesAgain = (): void => bell.ring()
    const candidate = { group, host, pid, scheduleHash: roster.hash, schedule, missed, takesAgain }
    try {
      const term = await broker.lead(candidate, this.#withdrawal.signal)
      this.#watch.end()
      this.#won = { term, waited: this.#watch.met }
    } catch (error) {
      this.#failure = { error }
    }
    bell.ring()
  }

  #failed(error: unknown): Milliseconds {
    const { random, emit } = this.#parts
    if (this.#failures === 0) emit({ kind: 'candidacyFailed', error })
    this.#failures++
    this.#failure = undefined
    this.#candidacy = undefined
    return backoffDelay(candidacyBackoff, this.#failures, random)
  }

  /**
   * While another beat leads by the same schedule, a standby has nothing to revoke once the lookahead has passed: what
   * this beat itself had emitted by its former schedule is due by then, and the leader settles its own. Until then,
   * and for as long as the leader emits by another schedule, a change waits for this beat to lead.
   */
  #settleAlone(): Milliseconds {
    const { roster, clock, lookahead } = this.#parts
    const { lastChange } = roster
    if (lastChange === undefined) return longestNap
    const wait = between(clock.now(), plus(lastChange, lookahead))
    if (wait > 0) return wait
    if (!this.#watch.leadsBySameSchedule) return longestNap
    roster.settle()
    return milliseconds(0)
  }
}
