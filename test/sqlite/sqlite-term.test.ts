import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { connectSqlite } from '../support/sqlite-world.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

test('a group whose row still names this process after its term has ended may be led again', async () => {
  const path = join(temporaryDirectory(), 'broker.db')
  const broker = connectSqlite(path)
  const candidate = { group: 'main', host: 'here', pid: 1, scheduleHash: 'aaaa' }
  const term = await broker.lead(candidate, AbortSignal.timeout(5_000))
  const other = new DatabaseSync(path)
  const { holder } = other.prepare('SELECT holder FROM groups').get() as { holder: string }
  await term.resign()
  other.prepare('UPDATE groups SET holder = ?').run(holder)
  other.close()
  const again = await broker.lead(candidate, AbortSignal.timeout(5_000))
  expect(again.epoch).toBe(2)
})
