import { test } from 'vitest'
import { useRabbitmq } from '../support/rabbitmq.ts'
import { openWorld } from '../support/test-world.ts'
import { endureAlarms } from './memory-alarm.ts'

useRabbitmq() // which installs it

test('while the broker has no memory nothing is taken and nothing is lost, and all goes on by itself afterwards', async (context) => {
  const figures = await endureAlarms(openWorld(), { alarms: 1, seconds: 6, perSecond: 20, seed: 1 })
  await context.annotate(JSON.stringify(figures))
}, 120_000)
