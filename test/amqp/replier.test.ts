import { expect, test } from 'vitest'
import type { Link } from '../../src/amqp/link.ts'
import { Replier } from '../../src/amqp/replier.ts'
import type { Outgoing } from '../../src/amqp/session.ts'
import { FakeClock } from '../support/fake-clock.ts'

/** A replier whose session writes into `told`, and takes nothing while `blocked` is set. */
function openReplier() {
  const told: Outgoing[] = []
  const clock = new FakeClock()
  const session = {
    blocked: true,
    lost: new AbortController().signal,
    openChannel: async () => ({ publish: async (outgoing: Outgoing) => told.push(outgoing) }),
  }
  const link = { current: session } as unknown as Link
  const closing = new AbortController().signal
  const replier = new Replier({ link, clock, isQueueOfWork: () => false, closing })
  const tell = (id: string, value: unknown): void =>
    replier.send(id, { outcome: 'succeeded', value }, { queue: 'q', correlationId: id })
  return { session, told, tell, clock }
}

test('while the broker takes nothing results are not written, and they go out once it reads again', async () => {
  const { session, told, tell, clock } = openReplier()
  tell('a', 1)
  await clock.advance(60_000)
  expect(told).toEqual([])
  session.blocked = false
  clock.loops = 0
  tell('b', 2)
  await clock.advance(1_000)
  expect(told.map(({ correlationId }) => correlationId)).toEqual(['a', 'b'])
})

test('of results that cannot be told the newest are kept, so many as there is room for', async () => {
  const { session, told, tell, clock } = openReplier()
  const large = 'x'.repeat(262_144)
  for (let n = 0; n < 200; n++) tell(`large ${n}`, large)
  tell('last', 1)
  session.blocked = false
  clock.loops = 0
  await clock.advance(1_000)
  expect(told.at(-1)?.correlationId).toBe('last')
  expect(told.length).toBeGreaterThan(10)
  expect(told.reduce((bytes, { body }) => bytes + body.length, 0)).toBeLessThan(17 * 1_048_576)
})
