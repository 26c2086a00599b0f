/**
 * Decides which runs of an entry may start, for the entries of those lanes that this worker holds. A lane is a queue
 * with one active consumer at a time, and all occurrences of an entry whose runs may not overlap go through one lane:
 * so whoever holds the lane knows everything there is to know, and decides alone.
 *
 *     pending ──slot──▶ executing ──settled──▶ (the next)
 *        │ skip: another run of the entry executes
 *        │ queue: more wait than may                     each handed out at once, without a slot,
 *        │ too late to start, or revoked                 to be recorded as what it is
 *        ▼
 *     vetoed
 *
 * What comes again, because its worker died or gave it back, may have begun. What had begun is run to its end, though
 * its successor is due or runs. Whoever stood in line when that worker died knows that it had (begun); otherwise only the
 * journal of the host can say it, and as long as it may, the others of its entry wait for that (on trial).
 *
 * It outlives the session with the broker, so that a run that goes on while the connection is replaced still stands for
 * its entry. That is exact as long as the holder's session lives: when it is lost, another worker can get the lane while
 * the last run still goes on here.
 */
import type { Clock } from '../core/clock.ts'
import { type Instant, milliseconds } from '../core/instant.ts'
import type { MessageOccurrence } from '../task/task-message.ts'
import type { HandOut } from './hand-out.ts'
import type { HeldMessage } from './held-message.ts'

interface EntryState {
  executing: HeldMessage | undefined
  /** What executes came too late if it had not begun before: it may end at once, and stands in nobody's way yet. */
  onTrial: boolean
  /** A slot has been asked for. */
  asking: boolean
  /** Some came again, and it is waited for the others. */
  gathering: boolean
  /** Due and not handed out, in the order of due. */
  readonly pending: HeldMessage[]
}

export interface LaneDeskParts {
  readonly clock: Clock
  readonly handOut: HandOut
  /** Nothing of this lane executes any more, and the next has not started. */
  readonly idle: (lane: string) => void
}

/** RabbitMQ gives back many at once in no order; they are all here by then. */
const gatherLength = milliseconds(200)
/** What ends without having started, as the journal says, has ended by then. */
const trialLength = milliseconds(2_000)

export class LaneDesk {
  readonly #parts: LaneDeskParts
  readonly #entries = new Map<string, EntryState>()
  /** How many runs of each lane execute. */
  readonly #executing = new Map<string, number>()
  /** Lanes in which nothing starts, and how many asked for that. */
  readonly #paused = new Map<string, number>()

  constructor(parts: LaneDeskParts) {
    this.#parts = parts
  }

  isIdle(lane: string): boolean {
    return !this.#executing.has(lane)
  }

  /** Nothing of this lane starts until it is resumed. Not while anything of it executes: false = it does. */
  pause(lane: string): boolean {
    if (!this.isIdle(lane)) return false
    this.#paused.set(lane, (this.#paused.get(lane) ?? 0) + 1)
    return true
  }

  resume(lane: string): void {
    if (countDown(this.#paused, lane) > 0) return
    for (const [entry, state] of this.#entries) this.#advance(entry, state)
  }

  /** A message of a lane that is due. */
  take(held: HeldMessage): void {
    const { occurrence } = held.message
    if (!occurrence) {
      this.#parts.handOut.offer(held)
      return
    }
    const { entry } = occurrence
    const state = this.#entries.get(entry) ?? {
      executing: undefined,
      onTrial: false,
      asking: false,
      gathering: false,
      pending: [],
    }
    this.#entries.set(entry, state)
    // One run of an entry executes at a time, so that at most one has begun.
    if (held.seenBegun && ![state.executing, ...state.pending].some((each) => each?.begun)) held.markBegun()
    insertByDue(state.pending, held)
    if (held.returned && !state.gathering) void this.#gather(entry, state)
    else this.#advance(entry, state)
  }

  /** Other than what comes for the first time, what comes again comes in any order. */
  async #gather(entry: string, state: EntryState): Promise<void> {
    state.gathering = true
    await this.#parts.clock.sleep(gatherLength)
    state.gathering = false
    this.#advance(entry, state)
  }

  #advance(entry: string, state: EntryState): void {
    if (state.executing) this.#vetoOthers(state, state.executing)
    else if (state.pending.length === 0) this.#forget(entry, state)
    else if (!state.asking && !state.gathering) this.#ask(entry, state)
  }

  #ask(entry: string, state: EntryState): void {
    const first = state.pending.find((held) => this.#mayStart(held))
    if (!first) return
    state.asking = true
    this.#parts.handOut.ask(first.message, () => {
      state.asking = false
      return this.#grant(entry, state)
    })
  }

  /** A slot is free for this entry. */
  #grant(entry: string, state: EntryState): boolean {
    for (const held of state.pending.splice(0)) {
      if (!held.startable) continue
      if (state.executing || !this.#mayStart(held)) state.pending.push(held)
      else if (!this.#endsAtOnce(held)) this.#execute(held, entry, state)
    }
    this.#advance(entry, state)
    return state.executing !== undefined
  }

  #mayStart({ origin }: HeldMessage): boolean {
    return !this.#paused.has(origin)
  }

  #execute(held: HeldMessage, entry: string, state: EntryState): void {
    const lane = held.origin
    const ended = new AbortController()
    const onTrial = isLate(held, this.#parts.clock.now())
    const settled = (): void => {
      ended.abort()
      state.executing = undefined
      state.onTrial = false
      if (countDown(this.#executing, lane) === 0) this.#parts.idle(lane)
      this.#advance(entry, state)
    }
    const executes = this.#parts.handOut.execute(held, { inTime: !onTrial, settled })
    if (!executes) return
    state.executing = held
    this.#executing.set(lane, (this.#executing.get(lane) ?? 0) + 1)
    if (onTrial) void this.#try(entry, state, ended.signal)
  }

  async #try(entry: string, state: EntryState, ended: AbortSignal): Promise<void> {
    state.onTrial = true
    await this.#parts.clock.sleep(trialLength, ended)
    if (ended.aborted) return
    state.onTrial = false
    this.#advance(entry, state)
  }

  #forget(entry: string, state: EntryState): void {
    if (!state.asking && !state.gathering && this.#entries.get(entry) === state) this.#entries.delete(entry)
  }

  /**
   * A copy of the run that executes waits for its end, when the journal knows what becomes of it. Were it skipped, that
   * might be written down before the run itself is claimed, and neither would run.
   */
  #vetoOthers({ pending, onTrial }: EntryState, executing: HeldMessage): void {
    if (onTrial) return
    const { handOut } = this.#parts
    let waiting = 0
    for (const held of pending.splice(0)) {
      if (!held.startable) continue
      if (held.begun || held.message.id === executing.message.id) {
        pending.push(held)
        continue
      }
      if (this.#endsAtOnce(held)) continue
      const { overlap, waitLimit, entry } = held.message.occurrence as MessageOccurrence
      if (overlap !== 'queue') {
        executing.stoodInTheWay = true
        handOut.withoutSlot(held, {
          kind: 'skipped',
          reason: `run ${executing.message.id} of ${entry} still executes`,
        })
      } else if (waiting >= waitLimit) {
        handOut.withoutSlot(held, { kind: 'skipped', reason: `${waitLimit} runs of ${entry} already wait` })
      } else {
        waiting++
        pending.push(held)
      }
    }
  }

  /** If it were taken for one that executes, its successor would be skipped because of it, and neither would run. */
  #endsAtOnce(held: HeldMessage): boolean {
    const { clock, handOut } = this.#parts
    if (handOut.isRevoked(held)) return true
    const now = clock.now()
    if (!isExpired(held, now) && (held.returned || !isLate(held, now))) return false
    handOut.withoutSlot(held)
    return true
  }
}

/** One less; says how many are left. */
function countDown(counts: Map<string, number>, key: string): number {
  const left = (counts.get(key) ?? 1) - 1
  if (left > 0) counts.set(key, left)
  else counts.delete(key)
  return left
}

function insertByDue(pending: HeldMessage[], held: HeldMessage): void {
  const due = dueOf(held)
  let place = pending.length
  while (place > 0 && dueOf(pending[place - 1] as HeldMessage) > due) place--
  pending.splice(place, 0, held)
}

function dueOf({ message }: HeldMessage): Instant {
  return message.occurrence?.due ?? message.eta
}

function isExpired({ message: { expires } }: HeldMessage, now: Instant): boolean {
  return expires !== undefined && now >= expires
}

/** Its successor is due, and stands for it unless it has begun. */
function isLate({ message: { attempt, occurrence } }: HeldMessage, now: Instant): boolean {
  const startBy = attempt === 1 ? occurrence?.startBy : undefined
  return startBy !== undefined && now >= startBy
}
