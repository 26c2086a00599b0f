import { test } from 'vitest'
import { openWorld } from '../support/test-world.ts'
import { passTheLead } from './leaders.ts'

test('of two beats one leads; when it is killed or stopped nothing is late, missed or doubled', async (context) => {
  const figures = await passTheLead(openWorld(), { kills: 3, stops: 3 })
  await context.annotate(JSON.stringify(figures))
}, 90_000)
