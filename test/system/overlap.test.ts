import { test } from 'vitest'
import { openWorld } from '../support/test-world.ts'
import { endureOverlap, onOneHost } from './overlap.ts'

test('runs of an entry do not overlap in three workers of a host, although they are killed', async (context) => {
  const dose = { kills: 2, betweenKillsMs: 5_000, runSeconds: 1.5, seed: Date.now() % 1_000_000 }
  const figures = await endureOverlap(onOneHost(openWorld()), dose)
  await context.annotate(JSON.stringify(figures))
}, 150_000)
