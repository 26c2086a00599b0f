import { test } from 'vitest'
import { openWorld } from '../support/test-world.ts'
import { keepToLimits } from './limits.ts'

test('rate and concurrency of a task are kept to and used, and delay no other task', async (context) => {
  const figures = await keepToLimits(openWorld(), { seconds: 6, tolerance: 0.2 })
  await context.annotate(JSON.stringify(figures))
})
