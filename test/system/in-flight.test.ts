import { describe, test } from 'vitest'
import { useRabbitmq } from '../support/rabbitmq.ts'
import { openWorld } from '../support/test-world.ts'
import { stopInFlight } from './in-flight.ts'

const title = 'what is in flight ends once and is not lost, although the worker is stopped over and over'
const dose = { messages: 150, stops: 4 }

test(`${title}, on the embedded broker`, async (context) => {
  const seed = Date.now() % 1_000_000
  await context.annotate(JSON.stringify(await stopInFlight(openWorld(), { ...dose, seed })))
}, 90_000)

describe('with RabbitMQ', () => {
  const rabbitmq = useRabbitmq()

  test(title, async (context) => {
    const seed = Date.now() % 1_000_000
    const url = await rabbitmq.url()
    await context.annotate(JSON.stringify(await stopInFlight(openWorld(), { ...dose, seed, url })))
  }, 120_000)
})
