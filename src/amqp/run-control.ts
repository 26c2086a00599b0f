import type { RunDesk } from '../broker/results.ts'
import type { Clock } from '../core/clock.ts'
import { forgetOldest } from '../core/forget-oldest.ts'
import { type Instant, plus } from '../core/instant.ts'
import { longestName } from '../task/parse-task-message.ts'
import type { CancelAnswer } from '../task/run.ts'
import type { RunState } from '../task/run-result.ts'
import { replyQueuePrefix } from './control.ts'
import type { ControlMethod } from './control-listener.ts'
import type { Replier } from './replier.ts'
import { cancelledTtlMs } from './topology.ts'

/** Tell the results of these runs to this queue, now or once they are there: { ids, queue }. Not answered. */
export const watchMethod = 'taskbeat.watch'
/** What became of this run, by this host's journal: { id } → a RunState. */
export const stateMethod = 'taskbeat.run'
/** This run shall not start, or shall end: { id, abort } → a CancelAnswer; `unknown` where it is only remembered. */
export const cancelMethod = 'taskbeat.cancel'

/** Ids in one request, so that it stays far below the largest frame. */
export const mostIdsAsked = 1_000

const mostRemembered = 100_000

export interface RunControlParts {
  readonly clock: Clock
  readonly replier: Replier
  /** Those who run here. */
  readonly desks: () => readonly RunDesk[]
  /** Hands out as cancelled what is held here and has not started. False when there is none of this id. */
  readonly drop: (id: string) => boolean
  /** Whether it is held here and has not started. */
  readonly holds: (id: string) => boolean
}

/**
 * What a worker answers to those who sent runs: their results, their state, and that they are not wanted any more. What
 * was cancelled before it came is remembered, bounded in number and time.
 */
export class RunControl {
  readonly #parts: RunControlParts
  readonly #cancelled = new Map<string, Instant>()

  constructor(parts: RunControlParts) {
    this.#parts = parts
  }

  get methods(): Readonly<Record<string, ControlMethod>> {
    return {
      [watchMethod]: (args) => this.#watch(args),
      [stateMethod]: ({ id }) => (isName(id) ? this.#state(id) : { state: 'unknown' }),
      [cancelMethod]: ({ id, abort }) => (isName(id) ? this.#cancel(id, abort === true) : 'unknown'),
    }
  }

  isCancelled(id: string): boolean {
    const until = this.#cancelled.get(id)
    return until !== undefined && until > this.#parts.clock.now()
  }

  /** It was cancelled: it starts no more, and what is held of it here is handed out as that. */
  keepFromStarting(id: string, until: Instant): void {
    this.#remember(id, until)
    this.#parts.drop(id)
  }

  #watch({ ids, queue }: Readonly<Record<string, unknown>>): void {
    const { replier } = this.#parts
    if (typeof queue !== 'string' || !queue.startsWith(replyQueuePrefix) || queue.length > 255) return
    if (!Array.isArray(ids) || ids.length > mostIdsAsked) return
    for (const id of ids.filter(isName)) {
      const found = this.#look(id)
      if (found?.state === 'ended') replier.send(id, found.result, { queue, correlationId: id })
      else replier.watch(id, queue)
    }
  }

  #state(id: string): RunState {
    const found = this.#look(id)
    if (found) return found
    return { state: this.#parts.holds(id) ? 'waiting' : 'unknown' }
  }

  #look(id: string): RunState | undefined {
    for (const desk of this.#parts.desks()) {
      const found = desk.look([id]).get(id)
      if (found) return found
    }
    return undefined
  }

  #cancel(id: string, abort: boolean): CancelAnswer {
    const { clock, desks, drop } = this.#parts
    const state = this.#look(id)?.state
    if (state === 'ended') return 'ended'
    if (state === 'running' && !abort) return 'running'
    this.#remember(id, plus(clock.now(), cancelledTtlMs))
    if (drop(id)) return 'dropped'
    const reason = 'it was cancelled while it ran'
    const aborted = abort && desks().some((desk) => desk.abort(id, reason))
    if (aborted) return 'aborted'
    // It runs in another process of this host, which answers for itself; or waits for its next attempt.
    return state === 'waiting' ? 'dropped' : 'unknown'
  }

  #remember(id: string, until: Instant): void {
    this.#cancelled.delete(id)
    this.#cancelled.set(id, until)
    forgetOldest(this.#cancelled, mostRemembered)
  }
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= longestName
}
