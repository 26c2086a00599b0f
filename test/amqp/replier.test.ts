import { expect, test } from 'vitest'
import { followHeader } from '../../src/amqp/codec-printed.ts'
import { replyQueuePrefix } from '../../src/amqp/control.ts'
import type { Link } from '../../src/amqp/link.ts'
import { Replier } from '../../src/amqp/replier.ts'
import type { Outgoing } from '../../src/amqp/session.ts'
import type { Listener } from '../../src/broker/delivery.ts'
import { arrived } from '../support/celery-vectors.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { aMessage } from '../support/messages.ts'

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
  const follow = (id: string): Listener => {
    const asked = { [followHeader]: true }
    const listener = replier.listenerOf(
      arrived({ body: Buffer.from('[]'), headers: asked, replyTo: `${replyQueuePrefix}1` }),
      aMessage({ id }),
    )
    if (!listener) throw new Error('it is not followed')
    return listener
  }
  return { session, told, tell, follow, clock }
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

test('what runs have printed goes before the results that waited with it', async () => {
  const { session, told, tell, follow, clock } = openReplier()
  const listener = follow('a')
  listener.line({ stream: 'stdout', line: 'one', cut: false })
  tell('a', 1)
  listener.ended()
  session.blocked = false
  clock.loops = 0
  await clock.advance(1_000)
  expect(told.map(({ body }) => Object.keys(JSON.parse(body.toString())))).toMatchObject([
    ['id', 'part'],
    expect.arrayContaining(['task_id']),
  ])
})

test('of what cannot be told of what runs print so much is kept as there is room for, and no result goes for it', async () => {
  const { session, told, tell, follow, clock } = openReplier()
  tell('first', 1)
  const line = { stream: 'stdout', line: 'x'.repeat(10_000), cut: false } as const
  for (let run = 0; run < 10; run++) {
    const listener = follow(`run ${run}`)
    for (let n = 0; n < 500; n++) listener.line(line)
    listener.ended()
  }
  session.blocked = false
  clock.loops = 0
  await clock.advance(1_000)
  const results = told.filter(({ headers }) => Object.keys(headers).length === 0)
  expect(results.map(({ correlationId }) => correlationId)).toEqual(['first'])
  const bytes = told.reduce((sum, { body }) => sum + body.length, 0)
  expect(bytes).toBeGreaterThan(8 * 1_048_576)
  expect(bytes).toBeLessThan(17 * 1_048_576)
  expect(told.some(({ correlationId }) => correlationId === 'run 9')).toBe(true)
})
