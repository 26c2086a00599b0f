import { test } from 'vitest'
import { openWorld } from '../support/test-world.ts'
import { endureKills } from './kills.ts'

test('whatever was due has run or is accounted for, although beat and worker were killed at random moments', async (context) => {
  const figures = await endureKills(openWorld(), { seconds: 25, kills: 3, seed: Date.now() % 1_000_000 })
  await context.annotate(JSON.stringify(figures))
}, 120_000)
