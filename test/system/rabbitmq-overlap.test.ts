import { test } from 'vitest'
import { useRabbitmq } from '../support/rabbitmq.ts'
import { openWorld } from '../support/test-world.ts'
import { endureOverlap, onThreeHosts } from './overlap.ts'

const rabbitmq = useRabbitmq()

test('runs of an entry do not overlap on three hosts, although their workers are killed', async (context) => {
  const dose = { kills: 2, betweenKillsMs: 5_000, runSeconds: 1.5, seed: Date.now() % 1_000_000 }
  const figures = await endureOverlap(onThreeHosts(openWorld(), await rabbitmq.broker()), dose)
  await context.annotate(JSON.stringify(figures))
}, 150_000)
