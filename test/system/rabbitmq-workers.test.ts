import { test } from 'vitest'
import { useRabbitmq } from '../support/rabbitmq.ts'
import { openWorld } from '../support/test-world.ts'
import { endureWorkerKills } from './rabbitmq-workers.ts'

const rabbitmq = useRabbitmq()

test('workers of two hosts are killed under load: all that was due is run to its end, and again only what was running', async (context) => {
  const dose = { kills: 5, seed: Date.now() % 1_000_000 }
  const figures = await endureWorkerKills(openWorld(), await rabbitmq.broker(), dose)
  await context.annotate(JSON.stringify(figures))
}, 150_000)
