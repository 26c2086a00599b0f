import { expect, test } from 'vitest'
import { milliseconds } from '../../src/core/instant.ts'
import { drain } from '../../src/worker/drain.ts'
import type { WorkerEvent } from '../../src/worker/worker-event.ts'
import { EventLog } from '../support/event-log.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { aMessage } from '../support/messages.ts'

function startDrain(grace: number) {
  const clock = new FakeClock()
  const log = new EventLog<WorkerEvent>()
  const idle = Promise.withResolvers<void>()
  const hurry = new AbortController()
  const message = aMessage()
  const drained = drain(idle.promise, {
    clock,
    grace: milliseconds(grace),
    hurry: hurry.signal,
    running: () => [message],
    emit: log.emit,
  })
  return { clock, log, drained, idle, hurry, message }
}

test('every ten seconds it is said what is waited for, until the grace is over', async () => {
  const { clock, log, drained, message } = startDrain(25_000)
  await clock.advance(24_999)
  expect(log.all).toEqual([
    { kind: 'drainStarted', running: [message], grace: 25_000 },
    { kind: 'drainWaiting', running: [message], waited: 10_000 },
    { kind: 'drainWaiting', running: [message], waited: 20_000 },
  ])
  clock.loops = 0
  await clock.advance(1)
  await drained
})

test('it ends as soon as nothing is under way', async () => {
  const { drained, idle } = startDrain(25_000)
  idle.resolve()
  await drained
})

test('it ends at once in a hurry', async () => {
  const { drained, hurry } = startDrain(25_000)
  hurry.abort()
  await drained
})
