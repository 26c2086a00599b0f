import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Instant, instant } from '../../src/core/instant.ts'
import type { BeatRecord } from '../../src/journal/beat-record.ts'
import type { Journal } from '../../src/journal/journal.ts'
import type { MissedRecord } from '../../src/journal/run.ts'
import { openSqliteBeatRecord } from '../../src/sqlite/sqlite-beat-record.ts'
import { openSqliteJournal } from '../../src/sqlite/sqlite-journal.ts'
import type { Outcome } from '../../src/task/outcome.ts'
import type { TaskMessage } from '../../src/task/task-message.ts'
import type { Verdict } from '../../src/task/verdict.ts'

/** The journal of a state directory, as a worker and a beat write it. */
export function writeJournal(stateDir: string): {
  readonly journal: Journal
  readonly record: BeatRecord
  /** An attempt from beginning to end. */
  ran(
    message: TaskMessage,
    outcome: Outcome,
    times: { from: Instant; to: Instant },
    verdict?: Verdict,
  ): Promise<void>
} {
  const path = join(stateDir, 'journal.db')
  const journal = openSqliteJournal({ path, create: true, host: 'here', pid: 4711 })
  const record = openSqliteBeatRecord({ path, group: 'main' })
  onTestFinished(async () => {
    await journal.close()
    await record.close()
  })
  return {
    journal,
    record,
    async ran(message, outcome, { from, to }, verdict = { kind: 'ack' }) {
      await journal.claim({ message, now: from })
      await journal.record({ message, outcome, verdict, started: from, finished: to })
    },
  }
}

/** `2026-11-22T08:00Z` and the like. */
export function at(text: string): Instant {
  return instant(Date.parse(text))
}

export function aMissedRecord(change: Partial<MissedRecord> = {}): MissedRecord {
  return {
    entry: 'nightly',
    task: 'nightly',
    first: at('2026-11-20T02:00Z'),
    last: at('2026-11-21T02:00Z'),
    count: 2,
    exact: true,
    reason: 'tooOld',
    recorded: at('2026-11-22T00:00Z'),
    ...change,
  }
}
