/**
 * Who may start: it takes one of the worker's slots, and its task must be within its own limits, `rate` and
 * `concurrency`.
 *
 *     delivery ──▶ slot ──▶ within its task's limits? ──yes──▶ its turn
 *                   ▲          │ no, and the slot goes to others
 *                   │          ├──▶ waits here, a few of a task   ──┐ a run of the task has ended, or time has gone by
 *                   │          └──▶ is given back until later       │
 *                   └───────────────────────────────────────────────┘
 *
 * As many wait here as the task's limits may let start at once, so that whenever they do there is one to start. For these
 * the broker is asked for as many deliveries on top of the slots (`room`), so that what waits takes no slot from other
 * tasks. All others are given back, each until another moment, at the pace at which the task goes on: so they do not all
 * come again together, and the broker is not asked more often than runs end.
 */
import type { Random } from '../core/backoff.ts'
import { type Clock, longestNap } from '../core/clock.ts'
import { type Instant, type Milliseconds, milliseconds, plus } from '../core/instant.ts'
import { type Pace, paceAfterStart, timeUntilStart, unused } from '../task/rate.ts'
import type { TaskDefinition } from '../task/task-definition.ts'
import { placeInLine } from './place-in-line.ts'
import type { Registry } from './registry.ts'
import type { Slots } from './slots.ts'

export type Limits = Pick<TaskDefinition, 'name' | 'rate' | 'concurrency'>

export type Turn =
  /** It may start. `leave` is called once, when it has ended. */
  | { readonly kind: 'granted'; readonly leave: () => void }
  /** Not now; without `at` because the worker stops. */
  | { readonly kind: 'refused'; readonly at?: Instant }

export interface TurnsParts {
  readonly clock: Clock
  readonly random: Random
  readonly slots: Slots
  readonly stopping: AbortSignal
}

/** Of one task with limits. */
interface TaskState {
  running: number
  pace: Pace
  /** How long its runs take, as far as is known. */
  typical: Milliseconds
  /** When one of its runs last began or ended. */
  changed: Milliseconds
  /** The place of the last that was given back. */
  lastPlace: Milliseconds
  /** How many wait here. */
  waiting: number
  /** Aborted when a run has ended. */
  freed: AbortController
}

/** How much of what was known of a task's length counts beside the newest run. */
const memory = 0.8
/** Of one task. */
const mostSeats = 10
/** Short, because those who are given back before the first has ended would come again too late otherwise. */
const lengthUnknown = milliseconds(100)

export class Turns {
  readonly #parts: TurnsParts
  readonly #states = new Map<string, TaskState>()
  /** How many may wait here. */
  #room = 0
  #waiting = 0
  readonly #unlimited: Turn = { kind: 'granted', leave: () => this.#parts.slots.free() }
  /** Renewed when limits may have changed. */
  #plan = Symbol()

  constructor(parts: TurnsParts) {
    this.#parts = parts
  }

  /** So many may wait from now on; those who do are given back, to come again under the limits of now. */
  change(room: number): void {
    this.#room = room
    this.#plan = Symbol()
    for (const state of this.#states.values()) wakeUp(state)
  }

  /** Not a promise where nothing has to be waited for, as is most often so. */
  take(limits: Limits): Turn | Promise<Turn> {
    const { slots, stopping } = this.#parts
    if (isLimited(limits)) return this.#takeLimited(limits, this.#stateOf(limits.name))
    if (slots.takeNow(stopping)) return this.#unlimited
    return slots.take(stopping).then((taken) => (taken ? this.#unlimited : { kind: 'refused' }))
  }

  async #takeLimited(limits: Limits, state: TaskState): Promise<Turn> {
    const { clock, slots, stopping } = this.#parts
    const plan = this.#plan
    let waits = false
    try {
      while (await slots.take(stopping)) {
        const isBehind = state.waiting > 0 && !waits
        const closed = isBehind ? longestNap : timeUntilOpen(limits, state, clock.monotonic())
        if (closed === 0) return this.#enter(limits, state)
        slots.free()
        if (plan !== this.#plan) return { kind: 'refused', at: clock.now() }
        if (!waits && (state.waiting >= seats(limits) || this.#waiting >= this.#room))
          return { kind: 'refused', at: this.#placeOf(limits, state) }
        if (!waits) this.#wait(state, 1)
        waits = true
        await clock.sleep(closed, AbortSignal.any([state.freed.signal, stopping]))
      }
      return { kind: 'refused' }
    } finally {
      if (waits) this.#wait(state, -1)
    }
  }

  #wait(state: TaskState, by: 1 | -1): void {
    this.#waiting += by
    state.waiting += by
  }

  #enter({ rate }: Limits, state: TaskState): Turn {
    const { clock, slots } = this.#parts
    const began = clock.monotonic()
    if (rate) state.pace = paceAfterStart(state.pace, rate, began)
    state.running++
    state.changed = began
    const leave = (): void => {
      const now = clock.monotonic()
      state.running--
      state.changed = now
      state.typical = milliseconds(memory * state.typical + (1 - memory) * (now - began))
      slots.free()
      wakeUp(state)
    }
    return { kind: 'granted', leave }
  }

  /** When one that is given back comes again. */
  #placeOf({ rate, concurrency }: Limits, state: TaskState): Instant {
    const { clock, random } = this.#parts
    const now = clock.monotonic()
    const place = placeInLine({
      now,
      last: milliseconds(Math.max(state.lastPlace, rate ? state.pace.next : 0)),
      ...(rate ? { apart: milliseconds(rate.per / rate.count) } : {}),
      // Where no run has ended for a while, they take that long at least.
      ...(concurrency
        ? { every: milliseconds(Math.max(state.typical, now - state.changed) / concurrency) }
        : {}),
      random,
    })
    if (!place.random) state.lastPlace = place.at
    return plus(clock.now(), milliseconds(Math.ceil(place.at - now)))
  }

  #stateOf(task: string): TaskState {
    const known = this.#states.get(task)
    if (known) return known
    const never = milliseconds(0)
    const state: TaskState = {
      running: 0,
      pace: unused,
      typical: lengthUnknown,
      changed: never,
      lastPlace: never,
      waiting: 0,
      freed: new AbortController(),
    }
    this.#states.set(task, state)
    return state
  }
}

/** How many should be able to wait: what each task has seats for, and no more than execute. */
export function roomFor(registry: Registry, concurrency: number): number {
  let room = 0
  for (const { definition } of registry.values()) if (isLimited(definition)) room += seats(definition)
  return Math.min(room, concurrency)
}

/** Runs that began together end together, and then as many shall follow. */
function seats({ concurrency = 1 }: Limits): number {
  return Math.min(concurrency, mostSeats)
}

function wakeUp(state: TaskState): void {
  state.freed.abort()
  state.freed = new AbortController()
}

function isLimited({ rate, concurrency }: Limits): boolean {
  return rate !== undefined || concurrency !== undefined
}

/** How long nothing may start because of the limits; 0 = one may now. */
function timeUntilOpen({ rate, concurrency }: Limits, state: TaskState, now: Milliseconds): Milliseconds {
  if (concurrency !== undefined && state.running >= concurrency) return longestNap
  return rate ? milliseconds(Math.min(timeUntilStart(state.pace, now), longestNap)) : milliseconds(0)
}
