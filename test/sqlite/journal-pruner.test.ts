import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Database } from '../../src/sqlite/database.ts'
import { JournalPruner } from '../../src/sqlite/journal-pruner.ts'
import { journalBlueprint } from '../../src/sqlite/journal-tables.ts'
import { openSqliteJournal } from '../../src/sqlite/sqlite-journal.ts'
import { aMessage, soon } from '../support/messages.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

test('results leave a journal that is too large, those first whose time comes first', async () => {
  const path = join(temporaryDirectory(), 'journal.db')
  const journal = openSqliteJournal({ path, create: true, host: 'here', pid: process.pid })
  onTestFinished(() => journal.close())
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
  const database = new Database(path, journalBlueprint, { synchronous: 'NORMAL', create: false })
  onTestFinished(() => database.close())
  const bytes = 1_500_000
  await new JournalPruner(database, { bytes }).prune(soon(0), new AbortController().signal)
  expect(database.usedBytes()).toBeLessThan(bytes)
  const states = journal.states(messages.map(({ id }) => id))
  const left = messages.map(({ id }) => states.get(id)?.state === 'ended')
  expect(left.filter((isThere) => isThere)).toHaveLength(20)
  expect(left.lastIndexOf(false)).toBe(79)
})
