import type { Listener } from '../broker/delivery.ts'
import { PrintedParts } from '../broker/printed-parts.ts'
import type { Clock } from '../core/clock.ts'
import { milliseconds } from '../core/instant.ts'
import type { CommitQueue } from './commit-queue.ts'
import type { PrintedTable } from './printed-table.ts'

export interface PrintedTellerParts {
  readonly printed: PrintedTable
  readonly commits: CommitQueue
  readonly clock: Clock
  /** Wakes those who follow. */
  readonly ring: () => void
  readonly closing: AbortSignal
}

/** A reader sees no difference, and a run that prints a line a millisecond has no transaction for each. */
const betweenWrites = milliseconds(50)

/** One attempt that is followed. */
export interface FollowedAttempt {
  readonly listener: Listener
  /** What was printed and not told so far, to be written with what settles the attempt. */
  rest(): () => void
  /** It was written. */
  told(): void
}

/**
 * Writes down what followed runs print, for those who follow them: at once when there was nothing for a while, and all
 * that has come since otherwise. What cannot be written is lost. While nothing is followed it does nothing.
 */
export class PrintedTeller {
  readonly #parts: PrintedTellerParts
  readonly #waiting = new Map<PrintedParts, string>()
  #writing = false

  constructor(parts: PrintedTellerParts) {
    this.#parts = parts
  }

  open(id: string, attempt: number): FollowedAttempt {
    const listener = new PrintedParts(attempt, () => {
      this.#waiting.set(listener, id)
      if (!this.#writing) void this.#write()
    })
    return {
      listener,
      rest: () => {
        this.#waiting.delete(listener)
        return this.#writeFor(id, listener)
      },
      told: this.#parts.ring,
    }
  }

  async #write(): Promise<void> {
    const { commits, clock, closing, ring } = this.#parts
    this.#writing = true
    await Promise.resolve() // all lines of one piece of output
    while (this.#waiting.size > 0 && !closing.aborted) {
      const writes = [...this.#waiting].map(([parts, id]) => this.#writeFor(id, parts))
      this.#waiting.clear()
      try {
        await commits.submit(() => {
          for (const write of writes) write()
        })
        ring()
      } catch {
        // Whoever follows sees that something is missing; what becomes of the run is told by whoever settles it.
      }
      await clock.sleep(betweenWrites, closing)
    }
    this.#writing = false
  }

  /** What there is now, taken once, however often the transaction has to be tried. */
  #writeFor(id: string, parts: PrintedParts): () => void {
    const { printed, clock } = this.#parts
    const all = parts.takeAll()
    const now = clock.now()
    return () => {
      for (const part of all) printed.put(id, part, now)
    }
  }
}
