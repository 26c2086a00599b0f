import { test } from 'vitest'
import { useRabbitmq } from '../support/rabbitmq.ts'
import { openWorld } from '../support/test-world.ts'
import { runForLong } from './long-runs.ts'

useRabbitmq() // which installs it

test('what runs for longer than the broker waits runs once, and again elsewhere when its worker is killed', async (context) => {
  const figures = await runForLong(openWorld(), {
    consumerTimeoutSeconds: 10,
    tickMs: 500,
    runSeconds: 14,
    killAfterSeconds: 6,
  })
  await context.annotate(JSON.stringify(figures))
}, 120_000)
