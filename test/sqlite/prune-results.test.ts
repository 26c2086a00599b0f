import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { brokerBlueprint } from '../../src/sqlite/broker-tables.ts'
import { Database } from '../../src/sqlite/database.ts'
import { pruneResults } from '../../src/sqlite/prune-results.ts'
import { ResultTable } from '../../src/sqlite/result-table.ts'
import { soon } from '../support/messages.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** A table with so many results of a kilobyte each, of which the first are to be forgotten already. */
async function openTable(count: number, over: number) {
  const path = join(temporaryDirectory(), 'broker.db')
  const database = new Database(path, brokerBlueprint, { synchronous: 'NORMAL', create: true })
  onTestFinished(() => database.close())
  const table = new ResultTable(database)
  const result = { outcome: 'succeeded', value: 'x'.repeat(1_000) } as const
  await database.write('fill', () => {
    for (let n = 0; n < count; n++) table.put(`r${n}`, { result, forgetAt: soon(n < over ? -1_000 : 60_000) })
  })
  const prune = async (most: { results: number; bytes: number }): Promise<number> => {
    const write = (act: () => boolean): Promise<boolean> => database.write('prune', act)
    await pruneResults(table, { now: soon(0), signal: new AbortController().signal, write, most })
    return Array.from({ length: count }, (_, n) => table.get(`r${n}`)).filter((kept) => kept).length
  }
  return { table, prune }
}

test.each([
  ['number', { results: 2_000, bytes: 2 ** 30 }],
  ['size', { results: 1_000_000, bytes: 2_100_000 }],
])('a burst of results is kept to a %s, the newest of it', async (_what, most) => {
  const { table, prune } = await openTable(5_000, 0)
  const left = await prune(most)
  expect(left).toBeLessThanOrEqual(2_000)
  expect(left).toBeGreaterThanOrEqual(1_500)
  expect(table.get('r4999')).toBeDefined()
  expect(table.get('r2999')).toBeUndefined()
})

test('of results that have room only those are removed whose time has come', async () => {
  const { prune } = await openTable(2_000, 1_200)
  expect(await prune({ results: 2_000, bytes: 2 ** 30 })).toBe(800)
})
