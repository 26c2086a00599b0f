import { test } from 'vitest'
import { TooBusyError } from '../support/pressure.ts'
import { useRabbitmq } from '../support/rabbitmq.ts'
import { requires } from '../support/requirements.ts'
import { openWorld } from '../support/test-world.ts'
import { passTheLeadOnRabbitmq } from './rabbitmq-leaders.ts'

const rabbitmq = useRabbitmq()

test('of two hosts one leads; when its beat is killed, stalled or stopped nothing is late or missed, and copies have a reason', async (context) => {
  const dose = { kills: 3, stalls: 1, longestStallMs: 6_000, stops: 2, seed: Date.now() % 1_000_000 }
  try {
    const figures = await passTheLeadOnRabbitmq(openWorld(), await rabbitmq.broker(), dose)
    await context.annotate(JSON.stringify(figures))
  } catch (error) {
    if (!(error instanceof TooBusyError)) throw error
    requires(context, false, `a machine that is not busy: ${error.message}`)
  }
}, 120_000)
