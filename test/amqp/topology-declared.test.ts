import { EventEmitter, on } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { forwardTask } from '../../src/amqp/codec.ts'
import { declareTopology } from '../../src/amqp/declare.ts'
import { ladderSteps } from '../../src/amqp/ladder.ts'
import type { Channel, Incoming, Session } from '../../src/amqp/session.ts'
import { planTopology, type QueueType, type TopologyRequest } from '../../src/amqp/topology.ts'
import { openTestLink } from '../support/amqp-world.ts'
import { expectTook } from '../support/expect-took.ts'
import { useRabbitmq } from '../support/rabbitmq.ts'

const rabbitmq = useRabbitmq()
const request = (type: QueueType = 'quorum'): TopologyRequest => ({ queues: [{ name: 'work', type }] })
const count = async (session: Session, queue: string): Promise<number | undefined> =>
  (await session.apart('count', (channel) => channel.checkQueue(queue)))?.messages
/** Gives what is delivered, one by one. */
const consume = async (channel: Channel, queue: string): Promise<() => Promise<Incoming>> => {
  const arrived = new EventEmitter()
  const arrivals = on(arrived, 'message')
  await channel.consume(queue, {}, (incoming) => arrived.emit('message', incoming))
  return async () => (await arrivals.next()).value?.[0]
}
const openSession = async (): Promise<Session> => openTestLink(await rabbitmq.url()).session()

test('everything is declared, and declared again without a word', async () => {
  const session = await openSession()
  const topology = planTopology({
    queues: [
      { name: 'work', type: 'quorum' },
      { name: 'fast', type: 'classic' },
    ],
    group: 'main',
    instance: 'host-1',
  })
  for (let times = 0; times < 2; times++)
    expect(await declareTopology(session, topology)).toEqual({ problems: [], missing: [] })
  for (const { name } of topology.queues) expect(await count(session, name), name).toBe(0)
})

test('a queue that exists with other arguments is a problem that names both ways out; the rest is declared', async () => {
  const session = await openSession()
  const other = { 'x-queue-type': 'quorum', 'x-delivery-limit': 5 }
  for (const name of ['work', 'work.eta'])
    await session.apart('', (channel) => channel.declareQueue({ name, durable: true, arguments: other }))
  const { problems } = await declareTopology(session, planTopology(request()))
  expect(problems).toHaveLength(2)
  expect(problems[0]).toMatch(
    /^work exists with other properties .*inequivalent arg 'x-dead-letter-exchange'/,
  )
  expect(problems[0]).toContain('rabbitmqctl delete_queue work --if-empty')
  expect(problems[0]).toContain('queues: { work: { type: existing } }')
  expect(problems[1]).toMatch(/^work\.eta exists/)
  expect(problems[1]).not.toContain('existing')
  expect(await count(session, 'work.lane.15')).toBe(0)
  expect(session.lost.aborted).toBe(false)
})

test('a queue of others is missed until they declare it, and left as it is', async () => {
  const session = await openSession()
  const topology = planTopology(request('existing'))
  expect(await declareTopology(session, topology)).toEqual({ problems: [], missing: ['work'] })
  const celery = { name: 'work', durable: true, arguments: {} }
  await session.apart('', (channel) => channel.declareQueue(celery))
  expect(await declareTopology(session, topology)).toEqual({ problems: [], missing: [] })
  await session.apart('', (channel) => channel.declareQueue(celery))
})

test('what the broker does not permit is a problem that says so', async () => {
  const url = new URL(await rabbitmq.url())
  const vhost = url.pathname.slice(1)
  await rabbitmq.node.addUser('reader', 'secret')
  await rabbitmq.node.allow('reader', vhost, { configure: '^$' })
  const session = await openTestLink(url.href.replace('guest:guest', 'reader:secret')).session()
  const { problems } = await declareTopology(session, planTopology(request()))
  expect(problems.find((problem) => problem.includes('work.dead'))).toMatch(
    /may not declare .*set_permissions/s,
  )
})

test('a message comes out of the ladder after its step, at the queue that its routing key names, and may go in again', async () => {
  const session = await openSession()
  const { bindings, exchanges, queues } = planTopology(request())
  const [first] = ladderSteps
  if (!first) throw new Error('the ladder has no step')
  // The same declarations, but for the time.
  const short = queues.map((queue) =>
    queue.name === first.name ? { ...queue, arguments: { ...queue.arguments, 'x-message-ttl': 200 } } : queue,
  )
  const topology = { exchanges, queues: short, bindings, foreign: [], named: [] }
  expect((await declareTopology(session, topology)).problems).toEqual([])
  const channel = await session.openChannel({ confirm: true, prefetch: 0 })
  const arrivals = await consume(channel, 'work.eta')
  const body = Buffer.from('[]')
  await channel.publish({ exchange: first.name, routingKey: 'work.eta', body, headers: { tenant: 't1' } })
  for (let trip = 1; trip <= 3; trip++) {
    const incoming = await arrivals()
    expect(incoming.headers).toMatchObject({ tenant: 't1', 'x-death': [{ count: 1, queue: first.name }] })
    const again = { ...forwardTask(incoming), exchange: first.name, routingKey: 'work.eta' }
    expect(await channel.publish(again)).toEqual({ kind: 'confirmed' })
    channel.ack(incoming)
  }
})

test('what has waited for a queue that is gone holds up nobody else', async () => {
  const session = await openSession()
  const { queues, ...rest } = planTopology(request())
  const [first] = ladderSteps
  if (!first) throw new Error('the ladder has no step')
  const short = queues.map((queue) =>
    queue.name === first.name ? { ...queue, arguments: { ...queue.arguments, 'x-message-ttl': 200 } } : queue,
  )
  expect((await declareTopology(session, { ...rest, queues: short })).problems).toEqual([])
  const channel = await session.openChannel({ confirm: true, prefetch: 0 })
  const arrivals = await consume(channel, 'work.eta')
  const send = (routingKey: string) =>
    channel.publish({ exchange: first.name, routingKey, body: Buffer.from('[]'), headers: {} })
  await Promise.all(Array.from({ length: 100 }, () => send('gone.eta')))
  expect(await send('work.eta')).toEqual({ kind: 'confirmed' })
  expect((await arrivals()).routingKey).toBe('work.eta')
})

test('a long run is back in its queue as soon as its worker is gone, however long it was held', async () => {
  const url = await rabbitmq.url()
  const session = await openTestLink(url).session()
  const { queues, ...rest } = planTopology({ ...request(), instance: 'a' })
  const short = queues.map((queue) =>
    queue.name === 'work.running.a'
      ? { ...queue, arguments: { ...queue.arguments, 'x-message-ttl': 300 } }
      : queue,
  )
  await declareTopology(session, { ...rest, queues: short })
  const worker = await openTestLink(url).session()
  const taken = await consume(await worker.openChannel({ confirm: false, prefetch: 0 }), 'work.running.a')
  const returned = await consume(await session.openChannel({ confirm: false, prefetch: 0 }), 'work')
  const publishing = await session.openChannel({ confirm: true, prefetch: 0 })
  await publishing.publish({
    exchange: '',
    routingKey: 'work.running.a',
    body: Buffer.from('[]'),
    headers: {},
  })
  await taken()
  await delay(600)
  const died = performance.now()
  worker.destroy(new Error('it died'))
  expect(await returned()).toMatchObject({ headers: { 'x-death': [{ reason: 'expired' }] } })
  expectTook(performance.now() - died, 5_000)
})
