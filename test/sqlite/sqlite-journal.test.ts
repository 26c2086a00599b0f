import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { expect, onTestFinished, test } from 'vitest'
import { instant } from '../../src/core/instant.ts'
import type { BeatRecord, RecordedEntry } from '../../src/journal/beat-record.ts'
import type { Journal } from '../../src/journal/journal.ts'
import { openSqliteBeatRecord } from '../../src/sqlite/sqlite-beat-record.ts'
import { openSqliteJournal } from '../../src/sqlite/sqlite-journal.ts'
import { type JournalWorld, journalContract } from '../contracts/journal-contract.ts'
import { startNode } from '../support/child.ts'
import { expectTook } from '../support/expect-took.ts'
import { aMessage } from '../support/messages.ts'
import { sqliteProcess } from '../support/sqlite-world.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

function openJournal(path: string): Journal {
  const journal = openSqliteJournal({ path, create: true, host: 'here', pid: process.pid })
  onTestFinished(() => journal.close())
  return journal
}

function openRecord(path: string, group = 'main'): BeatRecord {
  const record = openSqliteBeatRecord({ path, group })
  onTestFinished(() => record.close())
  return record
}

async function openWorld(): Promise<JournalWorld> {
  const path = join(temporaryDirectory(), 'journal.db')
  return {
    open: async () => openJournal(path),
    claimInProcess: async (message) => {
      const child = startNode(sqliteProcess, ['claim', path, JSON.stringify(message)])
      await child.line()
      return { kill: () => child.kill() }
    },
  }
}

journalContract('SQLite', openWorld)

test('the beat record keeps the entries of its group, as they were last put', async () => {
  const path = join(temporaryDirectory(), 'journal.db')
  const record = openRecord(path)
  const entry = (name: string, since: number): RecordedEntry => ({
    name,
    hash: 'h',
    since: instant(since),
    definition: '{}',
  })
  await record.change({ put: [entry('a', 1), entry('b', 2)], remove: [] })
  await record.change({ put: [entry('b', 3), entry('c', 3)], remove: ['a'] })
  expect([...openRecord(path).entries()]).toEqual([entry('b', 3), entry('c', 3)])
  expect([...openRecord(path, 'other').entries()]).toEqual([])
})

test('what was missed is recorded once, however often it is told, and is read with the runs', async () => {
  const path = join(temporaryDirectory(), 'journal.db')
  const record = openRecord(path)
  const missed = {
    entry: 'tick',
    task: 'demo',
    first: instant(1_000),
    last: instant(9_000),
    count: 9,
    exact: true,
    reason: 'superseded',
    recorded: instant(10_000),
  }
  await record.recordMissed([missed])
  await record.recordMissed([{ ...missed, last: instant(11_000), count: 11, recorded: instant(12_000) }])
  expect(openJournal(path).missed({ limit: 10, entry: 'tick' })).toEqual([
    { ...missed, last: 11_000, count: 11, recorded: 12_000 },
  ])
})

/** The median of what a look takes for what is to be told, where a dead worker left so much that is held up. */
async function costOfLook(failures: number): Promise<number> {
  const path = join(temporaryDirectory(), 'journal.db')
  const [journal, dying] = [openJournal(path), openJournal(path)]
  const now = instant(Date.now())
  const end = { verdict: { kind: 'ack' }, started: now, finished: now, untold: true } as const
  const outcome = { kind: 'failed', reason: 'exit code 3' } as const
  const messages = Array.from({ length: failures }, () => aMessage())
  await Promise.all(messages.map((message) => dying.record({ message, outcome, ...end })))
  await dying.close()
  const times = Array.from({ length: 41 }, () => {
    const before = performance.now()
    expect([...journal.untold(() => true)]).toEqual([])
    return performance.now() - before
  })
  return times.sort((a, b) => a - b)[20] ?? Number.NaN
}

test('a look for what is to be told costs the same, however much of it is held up', async () => {
  const [few, many] = [await costOfLook(10), await costOfLook(20_000)]
  expect(many / few).toBeLessThan(5)
})

test('pruning much output blocks nobody for long', async () => {
  const path = join(temporaryDirectory(), 'journal.db')
  const journal = openJournal(path)
  const text = 'x'.repeat(64_000)
  const now = instant(Date.now())
  const end = { verdict: { kind: 'ack' }, started: now, finished: now } as const
  for (let count = 0; count < 2_000; count++) {
    const outcome = { kind: 'succeeded', output: { head: text, tail: text, omittedBytes: 0 } } as const
    await journal.record({ message: aMessage({ task: 'loud' }), outcome, ...end })
  }
  const delays = monitorEventLoopDelay({ resolution: 5 })
  delays.enable()
  await journal.prune(now)
  delays.disable()
  expectTook(delays.max / 1e6, 200)
})
