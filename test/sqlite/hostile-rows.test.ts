// The members of the service's group may write the files. What they write may cost them their message, and no more.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import type { BrokerEvent } from '../../src/broker/broker-event.ts'
import { instant } from '../../src/core/instant.ts'
import { newUuid } from '../../src/core/uuid.ts'
import { openSqliteJournal } from '../../src/sqlite/sqlite-journal.ts'
import type { TaskMessage } from '../../src/task/task-message.ts'
import { Inbox } from '../support/inbox.ts'
import { aMessage } from '../support/messages.ts'
import { connectSqlite } from '../support/sqlite-world.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** Somebody's own connection, who does not keep to the checks. */
function tamper(path: string, act: (database: DatabaseSync) => void): void {
  const database = new DatabaseSync(path)
  database.exec('PRAGMA ignore_check_constraints = ON')
  act(database)
  database.close()
}

function insertHeld(path: string, message: TaskMessage, holder: string): void {
  tamper(path, (database) =>
    database
      .prepare(`INSERT INTO messages (id, queue, priority, eta, attempt, state, holder, body)
        VALUES (?, 'taskbeat', 4, 0, 1, 1, ?, ?)`)
      .run(message.id, holder, JSON.stringify(message)),
  )
}

test('a holder that is a path is nobody who lives, and no file is touched for it', async () => {
  const path = join(temporaryDirectory(), 'state', 'broker.db')
  const broker = connectSqlite(path)
  const precious = join(dirname(dirname(path)), 'precious.lock')
  writeFileSync(precious, '')
  const message = aMessage()
  insertHeld(path, message, '../../precious')
  const inbox = new Inbox()
  broker.consume({ queues: ['taskbeat'], slots: 1, deliver: inbox.deliver })
  expect((await inbox.next()).message.id).toBe(message.id)
  expect(readFileSync(precious, 'utf8')).toBe('')
})

test.for(['a text', 'a directory'])(
  'a holder whose lock file is %s does not keep what it and others held',
  async (what) => {
    const path = join(temporaryDirectory(), 'broker.db')
    const broker = connectSqlite(path)
    const [bad, gone] = ['00000000-0000-4000-8000-000000000000', 'ffffffff-0000-4000-8000-000000000000']
    const lock = join(dirname(path), 'instances', `${bad}.lock`)
    mkdirSync(dirname(lock), { recursive: true })
    if (what === 'a text') writeFileSync(lock, 'dear diary\n'.repeat(200))
    else mkdirSync(lock)
    const messages = [aMessage(), aMessage()]
    insertHeld(path, messages[0] as TaskMessage, bad)
    insertHeld(path, messages[1] as TaskMessage, gone)
    const inbox = new Inbox()
    broker.consume({ queues: ['taskbeat'], slots: 2, deliver: inbox.deliver })
    const received = await inbox.take(2)
    expect(new Set(received.map(({ message }) => message.id))).toEqual(new Set(messages.map(({ id }) => id)))
  },
)

test('a row with numbers that nobody can hold, or with another id than its message, is set aside', async () => {
  const path = join(temporaryDirectory(), 'broker.db')
  const events: BrokerEvent[] = []
  const broker = connectSqlite(path, (event) => events.push(event))
  const rows = [
    { id: newUuid(), attempt: 2n ** 60n, eta: 0n },
    { id: newUuid(), attempt: 1n, eta: -(2n ** 60n), body: 'not json' },
    { id: newUuid(), attempt: 1n, eta: 2n ** 60n },
    { id: 'a\u001b[31m\u0000b', attempt: 1n, eta: 0n, body: JSON.stringify(aMessage()) },
  ]
  tamper(path, (database) => {
    const insert = database.prepare(
      "INSERT INTO messages (id, queue, priority, eta, attempt, body) VALUES (?, 'taskbeat', 9, ?, ?, ?)",
    )
    for (const { id, eta, attempt, body } of rows)
      insert.run(id, eta, attempt, body ?? JSON.stringify(aMessage({ id })))
  })
  const good = aMessage()
  await broker.publish([good])
  const inbox = new Inbox()
  broker.consume({ queues: ['taskbeat'], slots: 1, deliver: inbox.deliver })
  expect((await inbox.next()).message.id).toBe(good.id)
  await expect.poll(async () => (await broker.deadLetters.list(99)).length).toBe(3)
  expect(events.filter(({ kind }) => kind !== 'messageUndecodable')).toEqual([])
})

test('an ordinary connection cannot write numbers that nobody can hold', () => {
  const path = join(temporaryDirectory(), 'broker.db')
  connectSqlite(path)
  const database = new DatabaseSync(path)
  onTestFinished(() => database.close())
  const insert = database.prepare(
    "INSERT INTO messages (seq, id, queue, priority, eta, attempt, body) VALUES (?, 'x', 'q', ?, ?, ?, '')",
  )
  expect(() => insert.run(2n ** 60n, 4, 0, 1)).toThrow(/CHECK/)
  expect(() => insert.run(1, 10, 0, 1)).toThrow(/CHECK/)
  expect(() => insert.run(1, 4, 2n ** 60n, 1)).toThrow(/CHECK/)
  expect(() => insert.run(1, 4, 0, 2n ** 60n)).toThrow(/CHECK/)
})

test.for(['not json', '{}', 'null', '{"kind":"retry","at":1e300}', '{"kind":"deadLetter"}', null])(
  'a journal whose row has the verdict %s acknowledges that attempt, and goes on',
  async (verdict) => {
    const path = join(temporaryDirectory(), 'journal.db')
    const journal = openSqliteJournal({ path, create: true, host: 'here', pid: process.pid })
    onTestFinished(() => journal.close())
    const message = aMessage()
    const now = instant(Date.now())
    const finished = { started: now, finished: now, outcome: { kind: 'succeeded' } as const }
    await journal.record({ message, verdict: { kind: 'ack' }, ...finished })
    tamper(path, (database) => database.prepare('UPDATE attempts SET verdict = ?').run(verdict))
    expect(await journal.claim({ message, now })).toEqual({ kind: 'finished', verdict: { kind: 'ack' } })
    expect(journal.runs({ limit: 1 })).toMatchObject([{ id: message.id, outcome: 'succeeded' }])
    tamper(path, (database) =>
      database.exec(`UPDATE attempts SET attempt = ${2n ** 60n}, interruptions = -5`),
    )
    expect(await journal.claim({ message, now })).toEqual({ kind: 'stale' })
  },
)

test.for([
  'not json',
  '{}',
  '[5, {}, {"started": 1e300, "host": "a", "pid": 1}]',
  '[{"started":1,"host":"a"}]',
])('a journal whose row has the earlier starts %s has none of them, and goes on', async (earlier) => {
  const path = join(temporaryDirectory(), 'journal.db')
  const journal = openSqliteJournal({ path, create: true, host: 'here', pid: process.pid })
  onTestFinished(() => journal.close())
  const message = aMessage()
  const now = instant(Date.now())
  await journal.claim({ message, now })
  const outcome = { kind: 'interrupted', reason: 'the worker stopped' } as const
  await journal.record({ message, verdict: { kind: 'release' }, started: now, finished: now, outcome })
  tamper(path, (database) => database.prepare('UPDATE attempts SET earlier = ?').run(earlier))
  expect(journal.attempts(message.id)).toMatchObject([{ earlier: [] }])
  expect(await journal.claim({ message, now })).toMatchObject({ kind: 'granted' })
  expect(journal.attempts(message.id)).toMatchObject([{ earlier: [{ started: now, host: 'here' }] }])
})

test('what cannot be set aside at first is tried again', async () => {
  const path = join(temporaryDirectory(), 'broker.db')
  const broker = connectSqlite(path)
  tamper(path, (database) => {
    database.exec(`CREATE TRIGGER full BEFORE INSERT ON dead_letters BEGIN SELECT raise(ABORT, 'no'); END;
      INSERT INTO messages (id, queue, priority, eta, attempt, body) VALUES ('x', 'taskbeat', 9, 0, 1, 'not json')`)
  })
  const events: BrokerEvent[] = []
  const other = connectSqlite(path, (event) => events.push(event))
  other.consume({ queues: ['taskbeat'], slots: 1, deliver: () => {} })
  await expect.poll(() => events.some(({ kind }) => kind === 'brokerFailed')).toBe(true)
  tamper(path, (database) => database.exec('DROP TRIGGER full'))
  await expect.poll(async () => (await broker.deadLetters.list(9)).length, { timeout: 30_000 }).toBe(1)
})

test('what could not be read, and then has nothing that is due, is told to be well again', async () => {
  const path = join(temporaryDirectory(), 'broker.db')
  const kinds: string[] = []
  const broker = connectSqlite(path, ({ kind }) => kinds.push(kind))
  broker.consume({ queues: ['taskbeat'], slots: 1, deliver: () => {} })
  tamper(path, (database) => database.exec('ALTER TABLE messages RENAME TO away'))
  broker.consume({ queues: ['other'], slots: 1, deliver: () => {} })
  await expect.poll(() => kinds).toEqual(['brokerFailed'])
  tamper(path, (database) => database.exec('ALTER TABLE away RENAME TO messages'))
  await expect.poll(() => kinds, { timeout: 30_000 }).toEqual(['brokerFailed', 'brokerRecovered'])
})
