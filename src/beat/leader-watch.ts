import type { Broker } from '../broker/broker.ts'
import type { ScheduleDifference } from '../broker/broker-status.ts'
import type { LeaderStatus } from '../broker/term.ts'
import { type Clock, longestNap } from '../core/clock.ts'
import { type Milliseconds, milliseconds } from '../core/instant.ts'
import type { BeatEvent } from './beat-event.ts'
import type { Bell } from './bell.ts'
import type { Roster } from './roster.ts'

export interface LeaderWatchParts {
  readonly broker: Pick<Broker, 'status'>
  readonly group: string
  readonly host: string
  readonly pid: number
  readonly roster: Roster
  readonly clock: Clock
  readonly lookahead: Milliseconds
  readonly bell: Bell
  readonly emit: (event: BeatEvent) => void
}

/** Who has waited for so long stands by; who leads sooner has nothing to say about it. */
const worthTelling = milliseconds(1_000)

/**
 * Who leads while this beat stands by, and whether by the same schedule. Asking may cost the broker a count of all that
 * waits, so it is asked when the waiting begins, when it is worth telling, and then once a nap; once a lookahead while
 * there are changes that depend on the answer.
 */
export class LeaderWatch {
  readonly #parts: LeaderWatchParts
  readonly #begun: Milliseconds
  #lookAt: Milliseconds
  #looking = false
  #over = false
  #met = false
  #leader: LeaderStatus | undefined
  #told: string | undefined

  constructor(parts: LeaderWatchParts) {
    this.#parts = parts
    this.#begun = parts.clock.monotonic()
    this.#lookAt = this.#begun
  }

  /** Whether another beat has been seen to lead since this one stands by. */
  get met(): boolean {
    return this.#met
  }

  /** Whether another beat leads, by the schedule that is in force here. */
  get leadsBySameSchedule(): boolean {
    return this.#leader?.scheduleHash === this.#parts.roster.hash
  }

  /** Asks when it is time to, and says how long it is until the next time; the bell rings when there is an answer. */
  turn(): Milliseconds {
    const now = this.#parts.clock.monotonic()
    if (now >= this.#lookAt && !this.#looking) {
      this.#lookAt = this.#nextLook(now)
      void this.#look()
    }
    return milliseconds(Math.max(this.#lookAt - now, 1))
  }

  /** What is answered from now on is of no interest. */
  end(): void {
    this.#over = true
  }

  #nextLook(now: Milliseconds): Milliseconds {
    const told = milliseconds(this.#begun + worthTelling)
    if (now < told) return told
    const { roster, lookahead } = this.#parts
    const pause = roster.lastChange === undefined ? longestNap : Math.min(longestNap, lookahead)
    return milliseconds(now + Math.max(pause, worthTelling))
  }

  async #look(): Promise<void> {
    const { broker, group, host, pid, bell } = this.#parts
    this.#looking = true
    try {
      const { leaders, beats } = await broker.status()
      const another = leaders.find(
        (each) => each.group === group && each.alive && !(each.host === host && each.pid === pid),
      )
      const own = beats.find((each) => each.group === group && each.host === host && each.pid === pid)
      if (!this.#over) this.#see(another, own?.difference)
    } catch {
      // Then nothing is known of a leader; that the broker cannot be asked, the candidacy tells.
      this.#leader = undefined
    } finally {
      this.#looking = false
    }
    bell.ring()
  }

  #see(leader: LeaderStatus | undefined, difference: ScheduleDifference | undefined): void {
    const { clock, emit, host } = this.#parts
    this.#leader = leader
    this.#met ||= leader !== undefined
    if (clock.monotonic() - this.#begun < worthTelling) return
    const sameSchedule = leader === undefined || this.leadsBySameSchedule
    const news = JSON.stringify([leader?.host, leader?.pid, sameSchedule, difference])
    if (news === this.#told) return
    this.#told = news
    emit({
      kind: 'standingBy',
      leader: leader && { host: leader.host, pid: leader.pid },
      host,
      sameSchedule,
      difference: sameSchedule ? undefined : difference,
    })
  }
}
