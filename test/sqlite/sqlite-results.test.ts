import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { milliseconds, plus } from '../../src/core/instant.ts'
import { resultsContract } from '../contracts/results-contract.ts'
import { fastClock } from '../support/fast-clock.ts'
import { Inbox } from '../support/inbox.ts'
import { aMessage, anOccurrence } from '../support/messages.ts'
import { connectSqlite, openSqliteWorld } from '../support/sqlite-world.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

resultsContract('SQLite', openSqliteWorld)

test('of what was never sent there is no result, and nobody waits for one', async () => {
  const world = await openSqliteWorld()
  const { results } = await world.connect()
  await expect(results.wait('nobody', AbortSignal.timeout(5_000))).rejects.toMatchObject({
    code: 'NOT_FOUND',
  })
})

test('what was cancelled while no worker was there is told at once, and recorded by the next', async () => {
  const world = await openSqliteWorld()
  const client = await world.connect()
  const message = aMessage()
  await client.results.send([message])
  expect(await client.results.cancel(message.id, { abort: false })).toBe('dropped')
  expect(await client.results.wait(message.id, AbortSignal.timeout(5_000))).toMatchObject({
    outcome: 'revoked',
  })
  expect(await client.results.cancel(message.id, { abort: false })).toBe('ended')
  const inbox = new Inbox()
  const consumer = (await world.connect()).consume({ queues: ['taskbeat'], slots: 1, deliver: inbox.deliver })
  expect((await inbox.next()).veto).toMatchObject({ kind: 'revoked' })
  await consumer.stop()
})

test('what was handed out to end without a run is not said to be dropped', async () => {
  const world = await openSqliteWorld()
  const client = await world.connect()
  const first = anOccurrence('tick', { overlap: 'skip' })
  const inbox = new Inbox()
  const consumer = (await world.connect()).consume({ queues: ['taskbeat'], slots: 2, deliver: inbox.deliver })
  await client.publish([first])
  await inbox.next()
  const second = anOccurrence('tick', { overlap: 'skip' })
  await client.publish([second])
  const skipped = await inbox.next()
  expect(skipped.veto).toMatchObject({ kind: 'skipped' })
  expect(await client.results.cancel(second.id, { abort: true })).toBe('ended')
  await skipped.settle({ kind: 'ack' })
  await consumer.stop()
})

test('a result is forgotten when its time has come', async () => {
  const path = join(temporaryDirectory(), 'broker.db')
  const client = connectSqlite(path)
  const message = aMessage()
  await client.results.send([message])
  const inbox = new Inbox()
  const worker = connectSqlite(path)
  const consumer = worker.consume({ queues: ['taskbeat'], slots: 1, deliver: inbox.deliver })
  const result = { outcome: 'succeeded', value: 1 } as const
  await (await inbox.next()).settle({ kind: 'ack' }, { result, forgetAt: systemClock.now() })
  await client.results.wait(message.id, AbortSignal.timeout(5_000))
  await consumer.stop()
  await worker.close()
  // The next that consumes removes what is too old, once it has seen for a minute that its clock does not leap.
  const hasty = connectSqlite(path, () => {}, fastClock(1_000))
  const next = hasty.consume({ queues: ['other'], slots: 1, deliver: inbox.deliver })
  await expect
    .poll(() => client.results.status(message.id), { timeout: 30_000 })
    .toEqual({ state: 'unknown' })
  await next.stop()
})

test('what is printed for a follower who is gone is kept up to a bound, and forgotten after an hour', async () => {
  const path = join(temporaryDirectory(), 'broker.db')
  const client = connectSqlite(path)
  const message = aMessage()
  await client.results.send([message], () => {})
  await client.close()
  const inbox = new Inbox()
  const worker = connectSqlite(path)
  const consumer = worker.consume({ queues: ['taskbeat'], slots: 1, deliver: inbox.deliver })
  const delivery = await inbox.next()
  using database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 })
  const rows = (): number => Number(database.prepare('SELECT count(*) AS rows FROM printed').get()?.rows)
  const line = { stream: 'stdout', line: 'x'.repeat(100_000), cut: false } as const
  for (const least of [30, 60, 64, 64]) {
    for (let n = 0; n < 31; n++) delivery.listener?.line(line)
    await expect.poll(rows, { timeout: 10_000 }).toBeGreaterThanOrEqual(least)
  }
  await delivery.settle({ kind: 'ack' })
  expect(rows()).toBe(64)
  await consumer.stop()
  await worker.close()
  const later = { ...fastClock(1_000), now: () => plus(systemClock.now(), milliseconds(2 * 3_600_000)) }
  const hasty = connectSqlite(path, () => {}, later)
  const next = hasty.consume({ queues: ['other'], slots: 1, deliver: inbox.deliver })
  await expect.poll(rows, { timeout: 30_000 }).toBe(0)
  await next.stop()
})
