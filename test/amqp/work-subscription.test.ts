import { describe, expect, onTestFinished, test } from 'vitest'
import { Health } from '../../src/amqp/health.ts'
import type { HeldMessage } from '../../src/amqp/held-message.ts'
import type { Channel, Session } from '../../src/amqp/session.ts'
import { WorkSubscription } from '../../src/amqp/work-subscription.ts'
import type { Broker } from '../../src/broker/broker.ts'
import type { Delivery } from '../../src/broker/delivery.ts'
import { systemClock } from '../../src/core/clock.ts'
import { milliseconds } from '../../src/core/instant.ts'
import { connectAmqp } from '../support/amqp-broker-world.ts'
import { Inbox } from '../support/inbox.ts'
import { aMessage } from '../support/messages.ts'
import { useRabbitmq, vhostOf } from '../support/rabbitmq.ts'

const rabbitmq = useRabbitmq()

function consume(broker: Broker, slots: number, queues = ['taskbeat']): Inbox {
  const inbox = new Inbox()
  const consumer = broker.consume({ queues, slots, deliver: inbox.deliver })
  onTestFinished(() => consumer.stop())
  return inbox
}

/** A worker that takes from the queue, and all of whose slots then go to what it takes from another. */
async function startBusyWorker(
  url: string,
  slots: number,
  other: string,
): Promise<{ inbox: Inbox; runs: Delivery[] }> {
  const broker = connectAmqp(url)
  const inbox = consume(broker, slots, ['taskbeat', other])
  await broker.publish(Array.from({ length: slots }, () => aMessage({ queue: other })))
  return { inbox, runs: await inbox.take(slots) }
}

const idsOf = (deliveries: readonly Delivery[]): string[] => deliveries.map(({ message }) => message.id)

describe('whoever waits for a slot', () => {
  test('is left to others although the first look for them failed', async () => {
    const over = new AbortController()
    onTestFinished(() => over.abort())
    const passedOn = Promise.withResolvers<HeldMessage>()
    const failures: string[] = []
    const held = { since: milliseconds(systemClock.monotonic() - 10_000) } as HeldMessage
    let looks = 0
    const subscription = new WorkSubscription({
      queue: 'taskbeat',
      slots: 1,
      clock: systemClock,
      session: {
        lost: over.signal,
        apart: async () => {
          if (++looks === 1) throw new Error('too slow')
          return { messages: 0, consumers: 1 }
        },
      } as unknown as Session,
      channel: {} as Channel,
      handOut: { freeSlots: 0 },
      relay: { passOn: (each) => passedOn.resolve(each) },
      waiting: () => [held],
      take: () => {},
      health: new Health(systemClock, (event) => failures.push(event.kind)),
    })
    onTestFinished(() => subscription.close())
    subscription.slotsTaken()
    expect(await passedOn.promise).toBe(held)
    expect(failures).toEqual(['brokerFailed', 'brokerRecovered'])
  })
})

describe('a queue', () => {
  test('gives to an idle worker what a busy one was given and cannot start', async () => {
    const url = await rabbitmq.url()
    const busy = await startBusyWorker(url, 4, 'one')
    const sender = connectAmqp(url)
    const messages = Array.from({ length: 4 }, () => aMessage({ attempt: 2, kwargs: { of: 'mine' } }))
    await sender.publish(messages)
    const taken = (await consume(sender, 10).take(4)).map(({ message }) => message)
    const byId = (a: { id: string }, b: { id: string }): number => a.id.localeCompare(b.id)
    expect(taken.toSorted(byId)).toEqual(messages.toSorted(byId))
    expect(busy.inbox.size).toBe(0)
  })

  test('keeps what waits in its order when no other worker takes from it', async () => {
    const url = await rabbitmq.url()
    const busy = await startBusyWorker(url, 4, 'one')
    const sender = connectAmqp(url)
    const messages = Array.from({ length: 6 }, (_, index) => aMessage({ args: [index] }))
    await sender.publish(messages)
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    expect(busy.inbox.size).toBe(0)
    const order: string[] = []
    for (const run of busy.runs) {
      await run.settle({ kind: 'ack' })
      const next = await busy.inbox.next()
      order.push(next.message.id)
    }
    expect(order).toEqual(messages.slice(0, 4).map(({ id }) => id))
  })

  test('is at rest while all of its workers are busy, and goes on when one is not', async () => {
    const url = await rabbitmq.url()
    const workers = [await startBusyWorker(url, 2, 'one'), await startBusyWorker(url, 2, 'two')]
    const messages = Array.from({ length: 4 }, () => aMessage())
    await connectAmqp(url).publish(messages)
    const changes = (): Promise<number> => rabbitmq.node.changesOf(vhostOf(url), 'taskbeat')
    await expect
      .poll(
        async () => {
          const before = await changes()
          await new Promise((resolve) => setTimeout(resolve, 1_500))
          return (await changes()) - before
        },
        { timeout: 30_000, interval: 10 },
      )
      .toBe(0)
    const [free] = workers
    for (const run of free?.runs ?? []) await run.settle({ kind: 'ack' })
    const taken: string[] = []
    for (const _ of messages) {
      const delivery = await free?.inbox.next()
      taken.push(...idsOf(delivery ? [delivery] : []))
      await delivery?.settle({ kind: 'ack' })
    }
    expect(new Set(taken)).toEqual(new Set(messages.map(({ id }) => id)))
  })
})
