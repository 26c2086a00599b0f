import { forgetOldest } from '../core/forget-oldest.ts'
import type { Instant } from '../core/instant.ts'
import type { BeatRecord, RecordedEntry } from '../journal/beat-record.ts'
import type { MissedRecord } from '../journal/run.ts'
import type { BeatEvent } from './beat-event.ts'
import type { MissedOccurrences } from './missed-by-edit.ts'

/**
 * Records of missed occurrences that are kept while they cannot be written: megabytes, and the oldest say the least.
 */
const mostKept = 10_000
/** Of these in one transaction: milliseconds. */
const writtenAtOnce = 500

/**
 * Writes the beat's record, and carries on when it cannot: a full disk here is no reason to emit nothing. What was
 * missed is kept until it can be written; whatever else is to be written its owner offers again.
 */
export class Recorder {
  readonly #record: BeatRecord
  readonly #taskOf: (entry: string) => string
  readonly #emit: (event: BeatEvent) => void
  /** What was missed and is not written yet, by what makes it the same. */
  readonly #kept = new Map<string, MissedRecord>()
  #failing = false

  constructor(record: BeatRecord, taskOf: (entry: string) => string, emit: (event: BeatEvent) => void) {
    this.#record = record
    this.#taskOf = taskOf
    this.#emit = emit
  }

  async recordMissed(missed: readonly MissedOccurrences[], recorded: Instant): Promise<void> {
    for (const each of missed) {
      const key = `${each.entry}\n${each.first} ${each.reason}`
      this.#kept.set(key, { ...each, task: this.#taskOf(each.entry), recorded })
    }
    await this.writeKept()
    forgetOldest(this.#kept, mostKept)
  }

  /** Writes what was missed and could not be written before. */
  async writeKept(): Promise<void> {
    while (this.#kept.size > 0) {
      const some = [...this.#kept.entries()].slice(0, writtenAtOnce)
      if (!(await this.#try(() => this.#record.recordMissed(some.map(([, record]) => record))))) return
      for (const [key] of some) this.#kept.delete(key)
    }
  }

  /** Whether it was written. */
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
