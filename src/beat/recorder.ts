import type { Instant } from '../core/instant.ts'
import type { BeatRecord, RecordedEntry } from '../journal/beat-record.ts'
import type { BeatEvent } from './beat-event.ts'
import type { MissedOccurrences } from './missed-by-edit.ts'

/**
 * Writes the beat's record, and carries on when it cannot: a full disk here is no reason to emit nothing. Each
 * answer is whether it was written.
 */
export class Recorder {
  readonly #record: BeatRecord
  readonly #taskOf: (entry: string) => string
  readonly #emit: (event: BeatEvent) => void
  #failing = false

  constructor(record: BeatRecord, taskOf: (entry: string) => string, emit: (event: BeatEvent) => void) {
    this.#record = record
    this.#taskOf = taskOf
    this.#emit = emit
  }

  async recordMissed(missed: readonly MissedOccurrences[], recorded: Instant): Promise<boolean> {
    if (missed.length === 0) return true
    const records = missed.map((each) => ({ ...each, task: this.#taskOf(each.entry), recorded }))
    return this.#try(() => this.#record.recordMissed(records))
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
