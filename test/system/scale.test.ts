import { test } from 'vitest'
import { openWorld } from '../support/test-world.ts'
import { carryWeight } from './scale.ts'

test('a hundred thousand entries load in seconds, cost nothing while others are due, and ten thousand may be due at once', async (context) => {
  const figures = await carryWeight(openWorld(), { entries: 100_000, crowd: 10_000, seconds: 10 })
  await context.annotate(JSON.stringify(figures))
}, 120_000)
