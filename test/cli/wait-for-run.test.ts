import { expect, test } from 'vitest'
import { AttemptsOfRun, waitForRun } from '../../src/cli/wait-for-run.ts'
import { systemClock } from '../../src/core/clock.ts'
import type { AttemptRecord } from '../../src/journal/run.ts'

const attempt = { attempt: 1, outcome: 'running', verdict: 'ack' } as unknown as AttemptRecord

test('a run whose result nobody keeps is waited for by the journal of this host', async () => {
  const ended = { ...attempt, outcome: 'succeeded' } as AttemptRecord
  const looks = [[attempt], [attempt], [ended]]
  const journal = { attempts: () => looks.shift() ?? [ended] }
  const waiting = waitForRun(new AttemptsOfRun(journal, 'r1', () => {}), {
    clock: systemClock,
    result: () => Promise.reject(new Error('its result is not kept')),
    printed: async () => {},
  })
  expect(await waiting).toEqual({ attempts: [ended] })
})

test('a run of which nobody tells anything is not waited for', async () => {
  const waiting = waitForRun(new AttemptsOfRun({ attempts: () => [] }, 'r1', () => {}), {
    clock: systemClock,
    result: () => Promise.reject(new Error('its result is not kept')),
    printed: async () => {},
  })
  await expect(waiting).rejects.toThrow('its result is not kept')
})
