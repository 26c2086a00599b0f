import type { Instant } from '../core/instant.ts'
import type { MissedRecord } from './run.ts'

/** An entry as the beat knew it. */
export interface RecordedEntry {
  readonly name: string
  readonly hash: string
  /** Since when it is known in this form: what was due before is not its business. */
  readonly since: Instant
  /** The entry's definition as JSON, for the beat to derive what an earlier form of it had emitted. */
  readonly definition: string
}

/**
 * What a beat remembers beside the term, in its own state directory: which entries it knew in which form since when,
 * and what was missed. It may be lost; then nothing before that moment is emitted.
 */
export interface BeatRecord {
  entries(): Iterable<RecordedEntry>
  /** Stored together or not at all. Rejects with STATE_UNUSABLE. */
  change(change: {
    readonly put: readonly RecordedEntry[]
    readonly remove: readonly string[]
  }): Promise<void>
  /** The same range recorded twice is one. */
  recordMissed(records: readonly MissedRecord[]): Promise<void>
  close(): Promise<void>
}
