import { test } from 'vitest'
import { useRabbitmq } from '../support/rabbitmq.ts'
import { openWorld } from '../support/test-world.ts'
import { arriveOnTime } from './etas.ts'

useRabbitmq() // which installs it

test('what is sent ahead of its time runs on time, whether it waits in the broker or in a worker', async (context) => {
  const figures = await arriveOnTime(openWorld(), { seconds: [1, 8], messages: 20, holdSeconds: 2 })
  await context.annotate(JSON.stringify(figures))
}, 120_000)
