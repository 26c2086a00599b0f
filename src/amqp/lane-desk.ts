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
 * It outlives the session with the broker, so that a run that goes on while the connection is replaced still stands for
 * its entry. That is exact as long as the holder's session lives: when it is lost, another worker can get the lane while
 * the last run still goes on here.
 */
import type { Clock } from '../core/clock.ts'
import type { Instant } from '../core/instant.ts'
import type { MessageOccurrence, TaskMessage } from '../task/task-message.ts'
import type { HandOut } from './hand-out.ts'
import type { HeldMessage } from './held-message.ts'

interface EntryState {
  executing: HeldMessage | undefined
  /** A slot has been asked for. */
  asking: boolean
  /** Due and not handed out, in the order of due. */
  readonly pending: HeldMessage[]
}

export interface LaneDeskParts {
  readonly clock: Clock
  readonly handOut: HandOut
  /** Nothing of this lane executes any more. */
  readonly idle: (lane: string) => void
}

export class LaneDesk {
  readonly #parts: LaneDeskParts
  readonly #entries = new Map<string, EntryState>()
  /** How many runs of each lane execute. */
  readonly #executing = new Map<string, number>()

  constructor(parts: LaneDeskParts) {
    this.#parts = parts
  }

  isIdle(lane: string): boolean {
    return !this.#executing.has(lane)
  }

  /** A message of this lane that is due. */
  take(held: HeldMessage, lane: string): void {
    const { occurrence } = held.message
    if (!occurrence) {
      this.#parts.handOut.offer(held)
      return
    }
    const state = this.#entries.get(occurrence.entry) ?? { executing: undefined, asking: false, pending: [] }
    this.#entries.set(occurrence.entry, state)
    insertByDue(state.pending, held)
    this.#advance(occurrence.entry, state, lane)
  }

  #advance(entry: string, state: EntryState, lane: string): void {
    if (state.executing) this.#vetoOthers(state, state.executing)
    else if (state.pending.length === 0) this.#entries.delete(entry)
    else if (!state.asking) {
      state.asking = true
      this.#parts.handOut.ask((state.pending[0] as HeldMessage).message, () =>
        this.#grant(entry, state, lane),
      )
    }
  }

  /** A slot is free for this entry. */
  #grant(entry: string, state: EntryState, lane: string): boolean {
    state.asking = false
    for (let held = state.pending.shift(); held; held = state.pending.shift()) {
      if (held.startable && !this.#endsAtOnce(held) && this.#execute(held, entry, state, lane)) {
        this.#advance(entry, state, lane)
        return true
      }
    }
    this.#entries.delete(entry)
    return false
  }

  #execute(held: HeldMessage, entry: string, state: EntryState, lane: string): boolean {
    const executes = this.#parts.handOut.execute(held, () => {
      state.executing = undefined
      this.#countDown(lane)
      this.#advance(entry, state, lane)
    })
    if (!executes) return false
    state.executing = held
    this.#executing.set(lane, (this.#executing.get(lane) ?? 0) + 1)
    return true
  }

  #countDown(lane: string): void {
    const left = (this.#executing.get(lane) ?? 0) - 1
    if (left > 0) this.#executing.set(lane, left)
    else {
      this.#executing.delete(lane)
      this.#parts.idle(lane)
    }
  }

  /**
   * A copy of the run that executes waits for its end, when the journal knows what becomes of it. Were it skipped, that
   * might be written down before the run itself is claimed, and neither would run.
   */
  #vetoOthers({ pending }: EntryState, executing: HeldMessage): void {
    const { handOut } = this.#parts
    let waiting = 0
    for (const held of pending.splice(0)) {
      if (!held.startable) continue
      if (held.message.id === executing.message.id) {
        pending.push(held)
        continue
      }
      if (this.#endsAtOnce(held)) continue
      const { overlap, waitLimit, entry } = held.message.occurrence as MessageOccurrence
      if (overlap !== 'queue') {
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
    if (!isTooLate(held.message, clock.now())) return false
    handOut.withoutSlot(held)
    return true
  }
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

function isTooLate({ attempt, expires, occurrence }: TaskMessage, now: Instant): boolean {
  const startBy = attempt === 1 ? occurrence?.startBy : undefined
  return (expires !== undefined && now >= expires) || (startBy !== undefined && now >= startBy)
}
