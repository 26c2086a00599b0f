import { test } from 'vitest'
import { openWorld } from '../support/test-world.ts'
import { endureStalls } from './stalls.ts'

test('a worker or a beat that stands still for seconds and goes on runs nothing twice and loses nothing', async (context) => {
  const figures = await endureStalls(openWorld(), { rounds: 1 })
  await context.annotate(JSON.stringify(figures))
}, 90_000)
