import { expect, test } from 'vitest'
import { deadTask, encodeTask } from '../../src/amqp/codec.ts'
import { AmqpDeadLetters } from '../../src/amqp/dead-letters.ts'
import { declareTopology } from '../../src/amqp/declare.ts'
import { Publisher } from '../../src/amqp/publisher.ts'
import type { Outgoing, Session } from '../../src/amqp/session.ts'
import { planTopology } from '../../src/amqp/topology.ts'
import { systemClock } from '../../src/core/clock.ts'
import { instant } from '../../src/core/instant.ts'
import { openTestLink } from '../support/amqp-world.ts'
import { arrived } from '../support/celery-vectors.ts'
import { aMessage, anOccurrence, soon } from '../support/messages.ts'
import { useRabbitmq } from '../support/rabbitmq.ts'

const rabbitmq = useRabbitmq()
const queues = ['taskbeat', 'mail']

interface World {
  readonly url: string
  readonly session: Session
  readonly letters: AmqpDeadLetters
  /** Another reader; as another user by another URL. */
  another(url?: string): AmqpDeadLetters
  publish(outgoing: Pick<Outgoing, 'routingKey' | 'body' | 'headers'> & Partial<Outgoing>): Promise<void>
}

async function openWorld(givenUrl?: string): Promise<World> {
  const url = givenUrl ?? (await rabbitmq.url())
  const session = await openTestLink(url).session()
  const plans = queues.map((name) => ({ name, type: 'quorum' as const }))
  expect((await declareTopology(session, planTopology({ queues: plans }))).problems).toEqual([])
  const channel = await session.openChannel({ confirm: true, prefetch: 0 })
  const another = (as = url): AmqpDeadLetters => {
    const { link } = openTestLink(as)
    return new AmqpDeadLetters({
      link,
      publisher: new Publisher({ link, declare: async () => {} }),
      queues,
      destinationOf: ({ queue }) => ({ exchange: '', routingKey: queue }),
      clock: systemClock,
    })
  }
  const publish: World['publish'] = async (outgoing) => {
    expect(await channel.publish({ exchange: '', ...outgoing })).toEqual({ kind: 'confirmed' })
  }
  return { url, session, letters: another(), another, publish }
}

function bury(world: World, message = aMessage(), at = Date.now(), reason = 'exit code 3'): Promise<void> {
  const parts = deadTask(arrived(encodeTask(message), message.queue), reason, instant(at))
  return world.publish({ ...parts, routingKey: `${message.queue}.dead` })
}

async function readyIn(world: World, queue: string): Promise<number | undefined> {
  return (await world.session.apart('count', (channel) => channel.checkQueue(queue)))?.messages
}

test('are listed with reason, time and message, over all queues, the newest first', async () => {
  const world = await openWorld()
  expect(await world.letters.list(10)).toEqual([])
  const first = aMessage({ task: 'a', args: [7] })
  const second = aMessage({ task: 'b', queue: 'mail' })
  const third = aMessage({ task: 'c' })
  await bury(world, first, 1_000)
  await bury(world, second, 2_000)
  await bury(world, third, 3_000)
  expect(await world.letters.list(10)).toEqual([
    { id: third.id, queue: 'taskbeat', at: 3_000, reason: 'exit code 3', message: third },
    { id: second.id, queue: 'mail', at: 2_000, reason: 'exit code 3', message: second },
    { id: first.id, queue: 'taskbeat', at: 1_000, reason: 'exit code 3', message: first },
  ])
  expect((await world.letters.list(2)).map(({ at }) => at)).toEqual([3_000, 2_000])
})

test('being read changes nothing, in order or number, however often', async () => {
  const world = await openWorld()
  for (let at = 0; at < 50; at++) await bury(world, aMessage(), at)
  for (let times = 0; times < 30; times++)
    expect((await world.letters.list(3)).map(({ at }) => at)).toEqual([49, 48, 47])
  expect(await readyIn(world, 'taskbeat.dead')).toBe(50)
})

test('are all there again when a reader is done, also for one that may not take turns with others', async () => {
  const { url, vhost, node } = await rabbitmq.broker()
  const world = await openWorld(url)
  const name = `reader-of-${vhost}`
  await node.addUser(name, 'secret')
  await node.allow(name, vhost, { configure: '[.]dead$' })
  const reader = world.another(url.replace('guest:guest', `${name}:secret`))
  for (let at = 0; at < 5; at++) await bury(world, aMessage(), at)
  for (let times = 0; times < 30; times++) expect(await reader.list(10)).toHaveLength(5)
})

test('are found by the beginning of their id, when that means one', async () => {
  const world = await openWorld()
  const ids = ['aaaaaaaa', 'aaaabbbb'].map((start) => `${start}-0000-4000-8000-000000000000`)
  for (const id of ids) await bury(world, aMessage({ id }))
  expect((await world.letters.find('aaaab')).id).toBe(ids[1])
  await expect(world.letters.find('aaaa')).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: 'more than one dead letter begins with aaaa',
  })
  await expect(world.letters.find('zz')).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('a retried one is in its queue as the next attempt, due now, without what made it too late', async () => {
  const world = await openWorld()
  const past = instant(Date.now() - 1_000)
  const message = anOccurrence('once', { startBy: past }, { expires: past, attempt: 2, eta: past })
  await bury(world, message)
  await bury(world)
  await world.letters.retry(message.id.slice(0, 13))
  expect(await world.letters.list(10)).toHaveLength(1)
  const channel = await world.session.openChannel({ confirm: false, prefetch: 1 })
  const incoming = await channel.get('taskbeat')
  const { 'x-delivery-count': _count, ...headers } = incoming?.headers ?? {}
  expect(headers).toEqual({
    task: message.task,
    id: message.id,
    eta: expect.any(String),
    retries: 2,
    taskbeat_entry: 'once',
    taskbeat_due: message.occurrence?.due,
    taskbeat_stamp: '1.1',
    taskbeat_overlap: 'allow',
  })
  expect(Date.parse(String(headers.eta))).toBeGreaterThan(past)
})

test('a dropped one is gone, with all of its copies', async () => {
  const world = await openWorld()
  const message = aMessage()
  await bury(world, message)
  await bury(world, message)
  await bury(world)
  await world.letters.drop(message.id)
  expect(await world.letters.list(10)).toHaveLength(1)
  await expect(world.letters.drop(message.id)).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('what cannot be decoded is shown as it came, can be dropped, and not retried', async () => {
  const world = await openWorld()
  const body = Buffer.from('{"hello":')
  await world.publish({ routingKey: 'mail.dead', body, headers: {}, messageId: '\u001b[31m' })
  const [letter] = await world.letters.list(10)
  expect(letter).toMatchObject({
    queue: 'mail',
    message: undefined,
    raw: '{"hello":',
    reason: 'nothing says why',
  })
  expect(letter?.id).toMatch(/^unknown-[0-9a-f]{12}$/)
  await expect(world.letters.retry('unknown-')).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  await world.letters.drop('unknown-')
  expect(await world.letters.list(10)).toEqual([])
})

test('what the broker set aside itself, handed out too often, says so', async () => {
  const world = await openWorld()
  const name = 'fragile'
  await world.session.apart('', (channel) =>
    channel.declareQueue({
      name,
      durable: true,
      arguments: {
        'x-queue-type': 'quorum',
        'x-delivery-limit': 1,
        'x-dead-letter-exchange': '',
        'x-dead-letter-routing-key': 'mail.dead',
      },
    }),
  )
  const message = aMessage({ queue: 'mail' })
  await world.publish({ ...encodeTask(message), routingKey: name })
  const channel = await world.session.openChannel({ confirm: false, prefetch: 0 })
  await new Promise<void>((resolve) => {
    let taken = 0
    void channel.consume(name, {}, (incoming) => {
      channel.giveBack(incoming)
      if (++taken === 2) resolve()
    })
  })
  await expect
    .poll(async () => world.letters.list(10), { timeout: 30_000 })
    .toMatchObject([
      { id: message.id, message, reason: expect.stringMatching(/^delivery_limit: .*queue fragile/) },
    ])
  const [letter] = await world.letters.list(10)
  expect(Math.abs((letter?.at ?? 0) - soon(0))).toBeLessThan(10_000)
})

test('several that read at once each see everything', async () => {
  const world = await openWorld()
  const readers = Array.from({ length: 4 }, () => world.another())
  for (let at = 0; at < 20; at++) await bury(world, aMessage(), at)
  const lists = await Promise.all(readers.flatMap((reader) => [reader.list(100), reader.list(100)]))
  expect(lists.map((list) => list.length)).toEqual(Array(8).fill(20))
})

test('a broker that is gone is said to be unavailable', async () => {
  const world = await openWorld()
  const { link } = openTestLink(world.url)
  await link.close()
  const letters = new AmqpDeadLetters({
    link,
    publisher: { send: async () => {} },
    queues,
    destinationOf: ({ queue }) => ({ exchange: '', routingKey: queue }),
    clock: systemClock,
  })
  await expect(letters.list(1)).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' })
})
