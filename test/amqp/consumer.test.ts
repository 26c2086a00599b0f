import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { AmqpConsumer, type AmqpConsumerParts } from '../../src/amqp/amqp-consumer.ts'
import type { Session } from '../../src/amqp/session.ts'
import { SlotLedger } from '../../src/amqp/slot-queue.ts'
import type { BrokerEvent } from '../../src/broker/broker-event.ts'
import { milliseconds } from '../../src/core/instant.ts'
import { connectAmqp, withoutLinks } from '../support/amqp-broker-world.ts'
import { EventLog } from '../support/event-log.ts'
import { expectTook } from '../support/expect-took.ts'
import { fastClock } from '../support/fast-clock.ts'
import { Inbox } from '../support/inbox.ts'
import { aMessage, soon } from '../support/messages.ts'
import { useRabbitmq, vhostOf } from '../support/rabbitmq.ts'
import { RabbitmqNode } from '../support/rabbitmq-node.ts'

const rabbitmq = useRabbitmq()

test('what was published is consumed, and gone when it was acknowledged', async () => {
  const broker = connectAmqp(await rabbitmq.url())
  const message = aMessage()
  await broker.publish([message])
  const inbox = new Inbox()
  broker.consume({ queues: ['taskbeat'], slots: 10, deliver: inbox.deliver })
  const delivery = await inbox.next()
  expect(delivery.message).toEqual(message)
  await delivery.settle({ kind: 'ack' })
  await vi.waitFor(async () => expect((await broker.status()).queues).toEqual([]), { timeout: 30_000 })
})

test('settling what a lost session held resolves, and the message comes again', async () => {
  const events: BrokerEvent[] = []
  const emit = withoutLinks((event) => events.push(event))
  const url = await rabbitmq.url()
  const broker = connectAmqp(url, { emit })
  await broker.publish([aMessage()])
  const inbox = new Inbox()
  broker.consume({ queues: ['taskbeat'], slots: 10, deliver: inbox.deliver })
  const held = await inbox.next()
  await rabbitmq.node.closeConnections(vhostOf(url))
  const again = await inbox.next()
  await held.settle({ kind: 'retry', at: held.message.eta })
  expect(again.message).toEqual(held.message)
  await again.settle({ kind: 'ack' })
  expect(inbox.size).toBe(0)
  await vi.waitFor(() => expect(events.map(({ kind }) => kind)).toEqual(['brokerFailed', 'brokerRecovered']))
})

test('a queue of others is waited for, and what came too early waits beside it', async () => {
  const url = await rabbitmq.url()
  const typeOf = (queue: string) => (queue === 'other' ? 'existing' : 'quorum')
  const events = new EventLog<BrokerEvent>()
  const broker = connectAmqp(url, { typeOf, emit: events.emit })
  const awaited = async () => (await broker.status()).workers.map(({ awaits }) => awaits)
  const inbox = new Inbox()
  broker.consume({ queues: ['taskbeat', 'other'], slots: 1, deliver: inbox.deliver })
  await broker.publish([aMessage()])
  await (await inbox.next()).settle({ kind: 'ack' })
  await expect(broker.publish([aMessage({ queue: 'other' })])).rejects.toMatchObject({
    code: 'BROKER_UNAVAILABLE',
    message: expect.stringContaining('other'),
  })
  expect(events.of('queueAwaited')).toEqual([{ kind: 'queueAwaited', queue: 'other' }])
  expect(await awaited()).toEqual([['other']])
  await connectAmqp(url).publish([aMessage({ queue: 'other' })]) // somebody else makes it
  const [early, due] = [aMessage({ queue: 'other' }), aMessage({ queue: 'other' })]
  await broker.publish([{ ...early, eta: (Date.now() + 8_000) as typeof early.eta }, due])
  await (await inbox.next()).settle({ kind: 'ack' })
  const second = await inbox.next()
  expect(second.message.id).toBe(due.id)
  await second.settle({ kind: 'ack' })
  expect(events.of('queueFound')).toEqual([{ kind: 'queueFound', queue: 'other' }])
  expect(await awaited()).toEqual([[]])
  const third = await inbox.next()
  expect(third.message.id).toBe(early.id)
  expect(Date.now()).toBeGreaterThanOrEqual(third.message.eta)
})

test('a stop while a queue of others is being opened leaves nobody behind who takes from it', async () => {
  const gate = Promise.withResolvers<void>()
  const opening = Promise.withResolvers<void>()
  const lost = new AbortController().signal
  let consumers = 0
  const channel = {
    lost,
    consume: async () => {
      consumers++
      return { cancel: async () => void consumers-- }
    },
    close: async () => {},
  }
  const openChannel = async () => {
    opening.resolve()
    await gate.promise
    return channel
  }
  const session = { lost, blocked: false, openChannel } as unknown as Session
  let looks = 0
  const parts = {
    link: { session: async () => session },
    declarations: { declare: async () => (looks++ === 0 ? ['other'] : []) },
    ledger: new SlotLedger(),
    typeOf: () => 'existing',
    instance: 'one',
    consumerTimeout: milliseconds(1_800_000),
    clock: fastClock(100),
    emit: () => {},
    informed: async () => {},
    opened: () => {},
  } as unknown as AmqpConsumerParts
  const consumer = new AmqpConsumer(parts, { queues: ['other'], slots: 1, deliver: () => {} })
  await opening.promise
  const stopped = consumer.stop()
  setTimeout(gate.resolve, 50)
  await stopped
  await delay(50)
  expect(consumers).toBe(0)
})

describe('a broker', () => {
  let node: RabbitmqNode
  beforeAll(async () => {
    node = await RabbitmqNode.start()
  }, 120_000)
  afterAll(() => node?.[Symbol.asyncDispose]())

  test('that takes nothing does not hold up the stop of a consumer that was about to pass something on', async () => {
    const vhost = await node.openVhost()
    const url = `amqp://guest:guest@${node.host}:${node.port}/${vhost}`
    const [sender, worker] = [connectAmqp(url), connectAmqp(url)]
    const inbox = new Inbox()
    const consumer = worker.consume({ queues: ['taskbeat'], slots: 1, deliver: inbox.deliver })
    await sender.publish([aMessage()])
    await inbox.next() // and keeps the slot
    const due = soon(2_000)
    await sender.publish([aMessage({ eta: due })])
    await node.setAlarm()
    try {
      await delay(due - Date.now() + 500)
      const begin = performance.now()
      await consumer.stop()
      await worker.close()
      expectTook(performance.now() - begin, 20_000)
    } finally {
      await node.clearAlarm()
    }
    const other = new Inbox()
    connectAmqp(url).consume({ queues: ['taskbeat'], slots: 3, deliver: other.deliver })
    await other.take(2)
  })

  test('that takes nothing keeps no worker that starts from what is there', async () => {
    const vhost = await node.openVhost()
    const url = `amqp://guest:guest@${node.host}:${node.port}/${vhost}`
    const message = aMessage()
    await connectAmqp(url).publish([message])
    await node.setAlarm()
    onTestFinished(() => node.clearAlarm())
    const inbox = new Inbox()
    connectAmqp(url).consume({ queues: ['taskbeat'], slots: 1, deliver: inbox.deliver })
    expect((await inbox.next()).message.id).toBe(message.id)
    await node.clearAlarm()
  })

  test('that is killed while messages are published and consumed loses none that was confirmed', async () => {
    const vhost = await node.openVhost()
    const url = `amqp://guest:guest@${node.host}:${node.port}/${vhost}`
    const [sender, worker] = [connectAmqp(url), connectAmqp(url)]
    const ended = new Set<string>()
    const consumer = worker.consume({
      queues: ['taskbeat'],
      slots: 10,
      deliver: async ({ message, settle }) => {
        await delay(1)
        ended.add(message.id)
        await settle({ kind: 'ack' }).catch(() => {})
      },
    })
    onTestFinished(() => consumer.stop())
    const confirmed: string[] = []
    const publishing = new AbortController()
    const publishSome = (): Promise<unknown> => {
      const messages = Array.from({ length: 20 }, () => aMessage())
      return sender.publish(messages).then(
        () => confirmed.push(...messages.map(({ id }) => id)),
        () => delay(100),
      )
    }
    const publish = async (): Promise<void> => {
      while (!publishing.signal.aborted) {
        // No more than a busy machine takes off again while the test waits for it.
        if (confirmed.length - ended.size > 300) await delay(10)
        else await publishSome()
      }
    }
    const published = publish()
    await vi.waitFor(() => expect(ended.size).toBeGreaterThan(200), { timeout: 30_000 })
    await node.kill()
    await node.start()
    const before = ended.size
    await vi.waitFor(() => expect(ended.size).toBeGreaterThan(before + 200), { timeout: 40_000 })
    publishing.abort()
    await published
    await vi.waitFor(() => expect(confirmed.filter((id) => !ended.has(id))).toEqual([]), { timeout: 30_000 })
  }, 120_000)
})
