/**
 * The journal as deliveries meet it: a gate that is shut while it cannot be written.
 *
 *              a claim or a record fails: `onShut`
 *      open ───────────────────────────────────────▶ shut ◀──┐ still failing: the pause doubles
 *        ▲                                             │ ─────┘
 *        └─────────────────────────────────────────────┘
 *              a claim or a record works
 *
 * Nothing starts that could not be claimed: it is given back until after the pause. What has run keeps its delivery
 * and its slot until its ending is recorded, however long that takes; only a stop whose grace is over leaves it, and
 * then the message comes again.
 */
import { backoffDelay } from '../core/backoff.ts'
import type { Clock } from '../core/clock.ts'
import { TaskbeatError } from '../core/errors.ts'
import { type Instant, type Milliseconds, milliseconds, plus } from '../core/instant.ts'
import type { Claim, ClaimRequest, Ending, Journal, Untold } from '../journal/journal.ts'
import type { AttemptRecord } from '../journal/run.ts'
import { persist } from './persist.ts'
import type { EmitWorkerEvent } from './worker-event.ts'

const pauseBackoff = { firstMs: 1_000, factor: 2, longestMs: 30_000, jitter: 'none' } as const

type State =
  | { readonly kind: 'open' }
  | {
      readonly kind: 'shut'
      readonly since: Milliseconds
      readonly until: Milliseconds
      readonly failures: number
    }

export interface JournalGateParts {
  readonly journal: Pick<Journal, 'claim' | 'record' | 'attempts' | 'untold' | 'told'>
  readonly clock: Clock
  readonly emit: EmitWorkerEvent
  /** No work is wanted for so long. */
  readonly onShut: (pause: Milliseconds) => void
}

export class JournalGate {
  readonly #parts: JournalGateParts
  #state: State = { kind: 'open' }

  constructor(parts: JournalGateParts) {
    this.#parts = parts
  }

  /** When to come again, while it is no use to try. */
  get opensAt(): Instant | undefined {
    const { clock } = this.#parts
    const wait = this.#state.kind === 'shut' ? this.#state.until - clock.monotonic() : 0
    return wait > 0 ? plus(clock.now(), milliseconds(Math.ceil(wait))) : undefined
  }

  async claim(request: ClaimRequest): Promise<Claim | { readonly kind: 'unwritable' }> {
    try {
      const claim = await this.#parts.journal.claim(request)
      this.#open()
      return claim
    } catch (error) {
      this.#shut(error)
      return { kind: 'unwritable' }
    }
  }

  /** Resolves with false when it had to be given up. */
  async record(ending: Ending, giveUp: AbortSignal): Promise<boolean> {
    const { journal, clock } = this.#parts
    const recorded = await persist(() => journal.record(ending), {
      clock,
      giveUp,
      onFailure: (error) => this.#shut(error),
    })
    if (recorded) this.#open()
    return recorded
  }

  /** The attempt as it is recorded; undefined when it is not there, any more. */
  recorded(id: string, attempt: number): AttemptRecord | 'unreadable' | undefined {
    try {
      return this.#parts.journal.attempts(id).find((record) => record.id === id && record.attempt === attempt)
    } catch (error) {
      if (error instanceof TaskbeatError && error.code === 'NOT_FOUND') return undefined
      return 'unreadable' // trouble with the file is told by who writes
    }
  }

  /** What dead workers left to be told of; no more of it, while the journal cannot be read. */
  *untold(isHeldUp: (task: string) => boolean): Generator<Untold> {
    try {
      yield* this.#parts.journal.untold(isHeldUp)
    } catch (error) {
      this.#shut(error)
    }
  }

  /** Where it cannot be written down, word is sent once more, under the same id. */
  async told(id: string, attempt: number): Promise<void> {
    await this.#parts.journal.told(id, attempt).catch((error: unknown) => this.#shut(error))
  }

  #shut(error: unknown): void {
    const { clock, emit, onShut } = this.#parts
    const now = clock.monotonic()
    if (this.#state.kind === 'shut' && now < this.#state.until) return
    const before = this.#state.kind === 'shut' ? this.#state : { since: now, failures: 0 }
    const failures = before.failures + 1
    const pause = backoffDelay(pauseBackoff, failures, () => 0)
    this.#state = { kind: 'shut', since: before.since, until: milliseconds(now + pause), failures }
    if (failures === 1) emit({ kind: 'journalUnwritable', error })
    onShut(pause)
  }

  #open(): void {
    if (this.#state.kind === 'open') return
    const after = milliseconds(this.#parts.clock.monotonic() - this.#state.since)
    this.#state = { kind: 'open' }
    this.#parts.emit({ kind: 'journalRecovered', after })
  }
}
