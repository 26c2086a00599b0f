import type { BeatRecord, RecordedEntry } from '../journal/beat-record.ts'
import type { MissedRecord } from '../journal/run.ts'
import type { BeatEvent } from './beat-event.ts'

/**
 * Writes the beat's record, and carries on when it cannot: a full disk here is no reason to emit nothing. Each
 * answer is whether it was written.
 */
export class Recorder {
  readonly #record: BeatRecord
  readonly #emit: (event: BeatEvent) => void
  #failing = false

  constructor(record: BeatRecord, emit: (event: BeatEvent) => void) {
    this.#record = record
    this.#emit = emit
  }

  async recordMissed(missed: readonly MissedRecord[]): Promise<boolean> {
    return missed.length === 0 || this.#try(() => this.#record.recordMissed(missed))
  }

  async recordEntries(change: {
    readonly put: readonly RecordedEntry[]
    readonly remove: readonly string[]
  }): Promise<boolean> {
    return this.#try(() => this.#record.change(change))
  }

  async #try(write: () => Promise<void>): Promise<boolean> {
    try {
      await write()
    } catch (error) {
      if (!this.#failing) this.#emit({ kind: 'recordFailed', error })
      this.#failing = true
      return false
    }
    if (this.#failing) this.#emit({ kind: 'recordRecovered' })
    this.#failing = false
    return true
  }
}
