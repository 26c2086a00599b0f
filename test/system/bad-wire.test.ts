import { test } from 'vitest'
import { useRabbitmq } from '../support/rabbitmq.ts'
import { openWorld } from '../support/test-world.ts'
import { endureBadWire } from './bad-wire.ts'

useRabbitmq() // which installs it

test('the wire is reset, swallows what is said and brings single bytes: all is noticed in time, and nothing is lost', async (context) => {
  const faults = ['reset', 'bytewise', 'dead'] as const
  const dose = { faults, perSecond: 20, seed: Date.now() % 1_000_000 }
  const figures = await endureBadWire(openWorld(), dose)
  await context.annotate(JSON.stringify(figures))
}, 120_000)
