import type { Instant } from '../core/instant.ts'
import type { TaskMessage } from '../task/task-message.ts'

/** A message that was set aside because nothing will replace it. */
export interface DeadLetter {
  readonly id: string
  readonly queue: string
  readonly at: Instant
  readonly reason: string
  /** Undefined when it could not be decoded. */
  readonly message: TaskMessage | undefined
  /** What arrived, as text, when it could not be decoded. */
  readonly raw?: string
}

/** At most so many are kept, and none for longer; the oldest are removed, counted and warned of. */
export const deadLetterLimit: { readonly count: number; readonly ageMs: number } = {
  count: 10_000,
  ageMs: 14 * 86_400_000,
}

export interface DeadLetters {
  /** The newest first. */
  list(limit: number): Promise<readonly DeadLetter[]>
  /** By its id or the beginning of it; rejects with NOT_FOUND when none or several begin so. */
  find(idPrefix: string): Promise<DeadLetter>
  /**
   * Back into its queue, due now, without expiry, as the next attempt. Rejects with NOT_FOUND, or UNSUPPORTED for
   * what cannot be decoded.
   */
  retry(id: string): Promise<void>
  /** Removed for good. */
  drop(id: string): Promise<void>
}
