import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { newUuid } from '../../src/core/uuid.ts'
import { brokerBlueprint } from '../../src/sqlite/broker-tables.ts'
import { ClaimTable } from '../../src/sqlite/claim-table.ts'
import { Database } from '../../src/sqlite/database.ts'
import { MessageTable, toRow } from '../../src/sqlite/message-table.ts'
import { aMessage, anOccurrence, soon } from '../support/messages.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** The median of what a claim of one message takes while so many wait for the run of each of 20 entries. */
async function costOfClaim(waiting: number): Promise<number> {
  const path = join(temporaryDirectory(), 'broker.db')
  const database = new Database(path, brokerBlueprint, { synchronous: 'NORMAL', create: true })
  onTestFinished(() => database.close())
  const messages = new MessageTable(database)
  const claims = new ClaimTable(database, () => true)
  const publish = (all: readonly ReturnType<typeof aMessage>[]): Promise<void> =>
    database.write('send', () => {
      for (const message of all) messages.insert(toRow(message))
    })
  const request = { queues: ['taskbeat'], holder: newUuid(), slots: 1_000 }
  const claim = () => database.write('claim', () => claims.claim({ ...request, now: soon(0) }))
  const past = soon(-10_000)
  for (let entry = 0; entry < 20; entry++) {
    const due = { overlap: 'queue', waitLimit: 1_000, due: past } as const
    await publish(Array.from({ length: waiting + 1 }, () => anOccurrence(`e${entry}`, due)))
  }
  while ((await claim()).more);
  const times: number[] = []
  for (let count = 0; count < 41; count++) {
    await publish([aMessage({ eta: past })])
    const before = performance.now()
    expect((await claim()).messages).toHaveLength(1)
    times.push(performance.now() - before)
  }
  return times.sort((a, b) => a - b)[20] ?? Number.NaN
}

test('a claim costs the same, however many wait for the run of their entry', async () => {
  const [few, many] = [await costOfClaim(5), await costOfClaim(999)]
  expect(many / few).toBeLessThan(4)
})
