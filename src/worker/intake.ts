import type { Broker, Consumer } from '../broker/broker.ts'
import type { Delivery } from '../broker/delivery.ts'
import type { RunDesk } from '../broker/results.ts'
import type { Clock } from '../core/clock.ts'
import { type Milliseconds, milliseconds } from '../core/instant.ts'

/** What a worker asks its broker for. */
export interface Appetite {
  readonly queues: readonly string[]
  /** How many may be here at once. */
  readonly deliveries: number
  /** How many of them can execute at once. */
  readonly concurrency: number
}

type State =
  | { readonly kind: 'closed' }
  | { readonly kind: 'open'; readonly consumer: Consumer }
  | { readonly kind: 'paused'; readonly wake: AbortController }

export interface IntakeParts {
  readonly broker: Pick<Broker, 'consume'>
  readonly clock: Clock
  readonly deliver: (delivery: Delivery) => void
  readonly runs: RunDesk
  readonly executing: () => number
  /** The broker could not be asked for work; that is tried again by and by. */
  readonly onFailure: (error: unknown) => void
}

/** Between two tries to consume when the broker refuses to. */
const retryPause = milliseconds(5_000)

/**
 * Where deliveries come in: a consumer that is replaced when the appetite changes, and absent during a pause.
 *
 *      closed ──open──▶ open ──pause──▶ paused ──time──▶ open      close leads to closed from everywhere
 *
 * A consumer's deliveries remain valid when it is replaced; whoever holds them settles them.
 */
export class Intake {
  readonly #parts: IntakeParts
  readonly #stopping = new Set<Promise<void>>()
  #appetite: Appetite = { queues: [], deliveries: 0, concurrency: 0 }
  #state: State = { kind: 'closed' }

  constructor(parts: IntakeParts) {
    this.#parts = parts
  }

  /** Whether it asks for work, or rests or has ended. */
  get isOpen(): boolean {
    return this.#state.kind === 'open'
  }

  /** Begins to take work. Throws what the broker throws when it cannot be asked at all. */
  open(appetite: Appetite): void {
    this.#appetite = appetite
    this.#enter({ kind: 'open', consumer: this.#consume() })
  }

  /** Another appetite from now on; what was handed out stays handed out. */
  change(appetite: Appetite): void {
    if (isSame(appetite, this.#appetite)) return
    this.#appetite = appetite
    if (this.#state.kind === 'open') this.#reopen()
  }

  /** Takes no work for so long. */
  pause(length: Milliseconds): void {
    if (this.#state.kind === 'closed') return
    const wake = new AbortController()
    this.#enter({ kind: 'paused', wake })
    void this.#parts.clock.sleep(length, wake.signal).then(() => {
      if (!wake.signal.aborted) this.#reopen()
    })
  }

  /** Resolves once no delivery comes any more. */
  async close(): Promise<void> {
    this.#enter({ kind: 'closed' })
    await Promise.all(this.#stopping)
  }

  #reopen(): void {
    try {
      this.#enter({ kind: 'open', consumer: this.#consume() })
    } catch (error) {
      this.#parts.onFailure(error)
      this.pause(retryPause)
    }
  }

  #consume(): Consumer {
    const { broker, deliver, runs, executing } = this.#parts
    const { queues, deliveries, concurrency } = this.#appetite
    return broker.consume({ queues, slots: deliveries, concurrency, executing, deliver, runs })
  }

  #enter(state: State): void {
    const before = this.#state
    this.#state = state
    if (before.kind === 'paused') before.wake.abort()
    if (before.kind !== 'open') return
    const stopped = before.consumer
      .stop()
      .catch((error: unknown) => this.#parts.onFailure(error))
      .finally(() => this.#stopping.delete(stopped))
    this.#stopping.add(stopped)
  }
}

function isSame(a: Appetite, b: Appetite): boolean {
  if (a.deliveries !== b.deliveries || a.concurrency !== b.concurrency) return false
  return a.queues.join('\0') === b.queues.join('\0')
}
