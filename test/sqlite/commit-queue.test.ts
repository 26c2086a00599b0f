import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { brokerBlueprint } from '../../src/sqlite/broker-tables.ts'
import { CommitQueue } from '../../src/sqlite/commit-queue.ts'
import { Database } from '../../src/sqlite/database.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

test('of a part that throws after its first write nothing is written, and its neighbours are', async () => {
  const { database, insert, commits } = open()
  const settled = await Promise.allSettled([
    commits.submit(() => insert.run('before')),
    commits.submit(() => {
      insert.run('half')
      throw new Error('no further')
    }),
    commits.submit(() => {
      insert.run('twice')
      database.prepare("INSERT INTO dead_letters (id) VALUES ('twice')").run()
    }),
    commits.submit(() => insert.run('after')),
  ])
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled'])
  expect(settled[2]).toMatchObject({ reason: { code: 'BROKER_UNAVAILABLE' } })
  expect(database.prepare('SELECT id FROM dead_letters ORDER BY seq').all()).toEqual([
    { id: 'before' },
    { id: 'after' },
  ])
})

test('what is to come last finds what the others of its transaction have done', async () => {
  const { database, insert, commits } = open()
  const count = database.prepare('SELECT count(*) AS count FROM dead_letters')
  const [, found] = await Promise.all([
    commits.submit(() => insert.run('before')),
    commits.submit(() => count.get()?.count, { last: true }),
    commits.submit(() => insert.run('after')),
  ])
  expect(found).toBe(2)
})

function open() {
  const path = join(temporaryDirectory(), 'broker.db')
  const database = new Database(path, brokerBlueprint, { synchronous: 'NORMAL', create: true })
  onTestFinished(() => database.close())
  const insert = database.prepare(
    "INSERT INTO dead_letters (id, queue, at, reason, body) VALUES (?, 'q', 0, 'r', 'b')",
  )
  return { database, insert, commits: new CommitQueue(database, 'write') }
}
