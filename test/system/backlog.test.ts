import { expect, test } from 'vitest'
import { openWorld } from '../support/test-world.ts'

test('when a worker was away for several slots of an entry, the newest runs and the older ones have expired', async () => {
  const world = openWorld()
  const end = new Date(Date.now() + 7_000).toISOString()
  world.configure(`schedules: { backup: { every: 1s, end: "${end}", command: [./note, start] } }`)
  const beat = world.beat()
  await beat.said(/^emitted/)
  await beat.stop()
  const rows = world.query<{ due: number }>('broker', 'SELECT due FROM messages ORDER BY due')
  const last = rows.at(-1)?.due ?? Number.NaN
  expect(rows.length).toBeGreaterThan(2)
  await new Promise((resolve) => setTimeout(resolve, last - Date.now() + 100))
  const worker = world.worker()
  await worker.said((line) => line.due === new Date(last).toISOString() && 'outcome' in line)
  expect(world.notes().map(({ due }) => due)).toEqual([last])
  const outcomes = world.journal((journal) => journal.runs({ limit: 10 })).map(({ outcome }) => outcome)
  expect(outcomes.sort()).toEqual([...rows.slice(1).map(() => 'expired'), 'succeeded'])
})
