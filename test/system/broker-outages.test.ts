import { test } from 'vitest'
import { useRabbitmq } from '../support/rabbitmq.ts'
import { openWorld } from '../support/test-world.ts'
import { endureOutages } from './broker-outages.ts'

useRabbitmq() // which installs it

test('the broker is killed, and stopped, under messages that it confirms: none is lost, and all work again within 5 s', async (context) => {
  const dose = {
    outages: 2,
    perSecond: 200,
    longRunSeconds: 10,
    longestDownMs: 2_000,
    seed: Date.now() % 1_000_000,
  }
  const figures = await endureOutages(openWorld(), dose)
  await context.annotate(JSON.stringify(figures))
}, 120_000)
