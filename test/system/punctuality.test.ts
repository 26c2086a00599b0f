import { test } from 'vitest'
import { openWorld } from '../support/test-world.ts'
import { measurePunctuality } from './punctuality.ts'

test('a task starts within 20 ms of its time, and never before it', async (context) => {
  const figures = await measurePunctuality(openWorld(), { seconds: 10, runsPerSecond: 50 })
  await context.annotate(JSON.stringify(figures))
}, 90_000)
