import { test } from 'vitest'
import { TooBusyError } from '../support/pressure.ts'
import { requires } from '../support/requirements.ts'
import { openWorld } from '../support/test-world.ts'
import { measurePunctuality } from './punctuality.ts'

test('a task starts within 20 ms of its time, and never before it', async (context) => {
  try {
    const figures = await measurePunctuality(openWorld(), { seconds: 10, runsPerSecond: 50 })
    await context.annotate(JSON.stringify(figures))
  } catch (error) {
    if (!(error instanceof TooBusyError)) throw error
    requires(context, false, `a machine that is not busy: ${error.message}`)
  }
}, 90_000)
