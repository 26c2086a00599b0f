import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { AmqpBrokerOptions } from '../../src/amqp/amqp-broker.ts'
import type { Broker } from '../../src/broker/broker.ts'
import { milliseconds } from '../../src/core/instant.ts'
import { amqpProcess, connectAmqp } from '../support/amqp-broker-world.ts'
import { startNode } from '../support/child.ts'
import { Inbox } from '../support/inbox.ts'
import { aMessage, anOccurrence, soon } from '../support/messages.ts'
import { useRabbitmq } from '../support/rabbitmq.ts'
import { RabbitmqNode } from '../support/rabbitmq-node.ts'

// So that the shared checks for what is installed are made.
useRabbitmq()

const consumerTimeoutMs = 4_000
const handedOverWithinMs = 0.4 * consumerTimeoutMs + 2_000
const longRunsReturnAfterMs = 12_000

describe('what runs for longer than the broker allows', () => {
  let node: RabbitmqNode
  beforeAll(async () => {
    node = await RabbitmqNode.start({ consumerTimeoutMs })
    await node.evaluate('application:set_env(rabbit, channel_tick_interval, 500)')
  }, 120_000)
  afterAll(() => node?.[Symbol.asyncDispose]())

  const openWorld = async () => {
    const vhost = await node.openVhost()
    onTestFinished(() => node.removeVhost(vhost))
    const url = `amqp://guest:guest@${node.host}:${node.port}/${vhost}`
    const connect = (change: Partial<AmqpBrokerOptions> = {}): Broker =>
      connectAmqp(url, { consumerTimeout: milliseconds(consumerTimeoutMs), ...change })
    const consume = (broker: Broker, slots = 5): Inbox => {
      const inbox = new Inbox()
      const consumer = broker.consume({ queues: ['taskbeat'], slots, deliver: inbox.deliver })
      onTestFinished(() => consumer.stop())
      return inbox
    }
    return { url, vhost, connect, consume }
  }

  test('the broker would take back what is not handed over', async () => {
    const { connect, consume } = await openWorld()
    const broker = connect({ consumerTimeout: milliseconds(3_600_000) })
    await broker.publish([aMessage()])
    const inbox = consume(broker)
    const first = await inbox.next()
    expect((await inbox.next()).message.id).toBe(first.message.id)
  })

  test('runs once, and is settled once', async () => {
    const { connect, consume } = await openWorld()
    const broker = connect()
    await broker.publish([aMessage(), anOccurrence('tick', { overlap: 'skip' })])
    const first = consume(broker)
    const held = await first.take(2)
    const inboxes = [first, consume(connect())]
    await delay(3 * consumerTimeoutMs)
    expect(inboxes.map(({ size }) => size)).toEqual([0, 0])
    for (const delivery of held) await delivery.settle({ kind: 'ack' })
    await vi.waitFor(async () => expect((await broker.status()).queues).toEqual([]), { timeout: 30_000 })
  })

  test('is settled with any verdict, as if it had never moved', async () => {
    const { connect, consume } = await openWorld()
    const broker = connect()
    const messages = [aMessage(), aMessage(), aMessage()]
    await broker.publish(messages)
    const inbox = consume(broker)
    const [retried, released, dead] = await inbox.take(3)
    await delay(handedOverWithinMs)
    await retried?.settle({ kind: 'retry', at: retried.message.eta })
    await released?.settle({ kind: 'release' })
    await dead?.settle({ kind: 'deadLetter', reason: 'no use' })
    const again = await inbox.take(2)
    expect(new Map(again.map(({ message }) => [message.id, message.attempt]))).toEqual(
      new Map([
        [retried?.message.id, 2],
        [released?.message.id, 1],
      ]),
    )
    for (const delivery of again) await delivery.settle({ kind: 'ack' })
    await vi.waitFor(
      async () =>
        expect((await broker.status()).queues).toEqual([
          { name: 'taskbeat', ready: 0, scheduled: 0, running: 0, dead: 1 },
        ]),
      { timeout: 30_000 },
    )
  })

  test('comes again when its worker is killed', async () => {
    const { url, connect, consume } = await openWorld()
    const broker = connect()
    const messages = [aMessage(), anOccurrence('tick', { overlap: 'queue' })]
    await broker.publish(messages)
    const child = startNode(amqpProcess, ['hold', url, JSON.stringify({ slots: 2, consumerTimeoutMs })])
    await child.line()
    await child.line()
    await delay(handedOverWithinMs)
    const inbox = consume(broker)
    await child.kill()
    const again = await inbox.take(2)
    expect(new Set(again.map(({ message }) => message.id))).toEqual(new Set(messages.map(({ id }) => id)))
  })

  test('and was killed is not skipped for its successor, which runs meanwhile', async () => {
    const { url, connect, consume } = await openWorld()
    const broker = connect()
    const message = anOccurrence('tick', { overlap: 'skip', startBy: soon(5_000) })
    await broker.publish([message])
    const child = startNode(amqpProcess, ['hold', url, JSON.stringify({ slots: 2, consumerTimeoutMs })])
    await child.line()
    await delay(handedOverWithinMs)
    const inbox = consume(broker)
    await child.kill()
    await broker.publish([anOccurrence('tick', { overlap: 'skip' })])
    const successor = await inbox.next()
    expect(successor.message.id).not.toBe(message.id)
    await delay(longRunsReturnAfterMs)
    expect(inbox.size).toBe(0)
    await successor.settle({ kind: 'ack' })
    const again = await inbox.next()
    expect(again.message).toMatchObject({ id: message.id, occurrence: { overlap: 'skip' } })
    expect(again.message.occurrence?.startBy).toBeUndefined()
    expect(again.veto).toBeUndefined()
  })

  test('is still held, and settled, after the connection was replaced', async () => {
    const { connect, consume } = await openWorld()
    const broker = connect()
    await broker.publish([aMessage()])
    const inbox = consume(broker)
    const held = await inbox.next()
    await delay(handedOverWithinMs)
    await node.closeConnections()
    await delay(3_000)
    await held.settle({ kind: 'retry', at: held.message.eta })
    expect((await inbox.next()).message).toMatchObject({ id: held.message.id, attempt: 2 })
    expect(inbox.size).toBe(0)
  })
})
