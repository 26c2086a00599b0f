import { test } from 'vitest'
import { openWorld } from '../support/test-world.ts'
import { endureHostility } from './hostile.ts'

test('a task that blocks, crashes, prints or takes without end fails by itself, and ten beside it notice nothing', async (context) => {
  const table = await endureHostility(openWorld(), { rounds: 1 })
  await context.annotate(JSON.stringify(table))
}, 240_000)
