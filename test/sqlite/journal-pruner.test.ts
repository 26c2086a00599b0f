import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Journal } from '../../src/journal/journal.ts'
import { Database } from '../../src/sqlite/database.ts'
import { JournalPruner } from '../../src/sqlite/journal-pruner.ts'
import { journalBlueprint } from '../../src/sqlite/journal-tables.ts'
import { openSqliteJournal } from '../../src/sqlite/sqlite-journal.ts'
import { aMessage, soon } from '../support/messages.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** A journal, and what prunes it as if no more than so many bytes were allowed. */
function openWorld(bytes: number): { journal: Journal; database: Database; pruner: JournalPruner } {
  const path = join(temporaryDirectory(), 'journal.db')
  const journal = openSqliteJournal({ path, create: true, host: 'here', pid: process.pid })
  onTestFinished(() => journal.close())
  const database = new Database(path, journalBlueprint, { synchronous: 'NORMAL', create: false })
  onTestFinished(() => database.close())
  return { journal, database, pruner: new JournalPruner(database, { bytes }) }
}

test('results leave a journal that is too large, those first whose time comes first', async () => {
  const bytes = 1_500_000
  const { journal, database, pruner } = openWorld(bytes)
  const messages = Array.from({ length: 100 }, () => aMessage())
  for (const [n, message] of messages.entries()) {
    const result = { outcome: 'succeeded', value: 'x'.repeat(50_000) } as const
    await journal.record({
      message,
      outcome: { kind: 'succeeded' },
      verdict: { kind: 'ack' },
      started: soon(-10),
      finished: soon(0),
      result: { result, forgetAt: soon(60_000 + n) },
    })
  }
  await pruner.prune(soon(0), new AbortController().signal)
  expect(database.usedBytes()).toBeLessThan(bytes)
  const states = journal.states(messages.map(({ id }) => id))
  const left = messages.map(({ id }) => states.get(id)?.state === 'ended')
  expect(left.filter((isThere) => isThere)).toHaveLength(20)
  expect(left.lastIndexOf(false)).toBe(79)
})

test('of what is still to be told a journal that is too large gives up the output, last, and not the row', async () => {
  const bytes = 1_500_000
  const { journal, database, pruner } = openWorld(bytes)
  const output = { head: 'x'.repeat(30_000), tail: '', omittedBytes: 0 }
  const messages = Array.from({ length: 100 }, () => aMessage())
  for (const [n, message] of messages.entries()) {
    await journal.record({
      message,
      outcome: { kind: 'failed', reason: 'exit code 3', output },
      verdict: { kind: 'ack' },
      started: soon(-10),
      finished: soon(0),
      untold: n < 60,
    })
  }
  await pruner.prune(soon(0), new AbortController().signal)
  expect(database.usedBytes()).toBeLessThan(bytes)
  const kept = messages.map(({ id }) => journal.attempts(id)[0]?.output?.head.length === 30_000)
  expect(kept).toEqual(messages.map((_, n) => n >= 20 && n < 60))
})
