import { test } from 'vitest'
import { openWorld } from '../support/test-world.ts'
import { measureIdleness } from './idle.ts'

test('with a thousand entries of which none is due, beat and worker take less than half a percent of a processor', async (context) => {
  const figures = await measureIdleness(openWorld(), { seconds: 20 })
  await context.annotate(JSON.stringify(figures))
}, 90_000)
