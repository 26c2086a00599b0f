import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Broker } from '../../src/broker/broker.ts'
import type { BrokerEvent } from '../../src/broker/broker-event.ts'
import { instant } from '../../src/core/instant.ts'
import { expectTook } from '../support/expect-took.ts'
import { Inbox } from '../support/inbox.ts'
import { aMessage, anOccurrence, soon } from '../support/messages.ts'
import { ackAll, type BrokerWorld, consume, expectQueues, openConnected } from './broker-world.ts'

/** What every broker promises. */
export function brokerContract(adapter: string, openWorld: () => Promise<BrokerWorld>): void {
  const open = () => openConnected(openWorld)

  describe(`${adapter}: a broker`, () => {
    test('hands out a message whole, to a consumer of its queue', async () => {
      const { world, broker } = await open()
      const message = anOccurrence(
        'nightly',
        { overlap: 'skip', waitLimit: 3 },
        { args: [1, { x: ['ü', null] }], kwargs: { to: 'a@b' }, priority: 7, expires: soon(90_000) },
      )
      await (await world.connect()).publish([message, aMessage({ queue: 'other' })])
      const inbox = consume(broker)
      expect((await inbox.next()).message).toEqual(message)
      expect(inbox.size).toBe(0)
    })

    test('wakes a consumer that waits', async () => {
      const { world, broker } = await open()
      const inbox = consume(broker)
      const sender = await world.connect()
      await sender.publish([aMessage()])
      await ackAll([await inbox.next()])
      const before = Date.now()
      await sender.publish([aMessage()])
      await inbox.next()
      expectTook(Date.now() - before, 500)
    })

    test('never hands out a message before its ETA, and soon after it', async () => {
      const { broker } = await open()
      const inbox = consume(broker)
      await broker.publish([aMessage()])
      await ackAll([await inbox.next()]) // what is made on first use is made
      const messages = [300, 100, 200, 100, 0].map((ms) => aMessage({ eta: soon(ms) }))
      await broker.publish(messages)
      await inbox.take(messages.length)
      for (const { id, eta } of messages) {
        const lateness = (inbox.arrivals.get(id) ?? 0) - eta
        expect(lateness).toBeGreaterThanOrEqual(0)
        expectTook(lateness, 250)
      }
    })

    test('messages that wait for their ETA hold up nobody', async () => {
      const { broker } = await open()
      await broker.publish(Array.from({ length: 300 }, () => aMessage({ eta: soon(60_000) })))
      const urgent = aMessage()
      await broker.publish([urgent])
      const inbox = consume(broker, 1)
      expect((await inbox.next()).message.id).toBe(urgent.id)
    })

    test('hands out no more than there are slots, and the next when one is settled', async () => {
      const { broker } = await open()
      await broker.publish([aMessage(), aMessage(), aMessage()])
      const inbox = consume(broker, 2)
      const [first] = await inbox.take(2)
      await broker.publish([aMessage({ queue: 'unserved' })])
      expect(inbox.size).toBe(0)
      await first?.settle({ kind: 'ack' })
      await inbox.next()
    })

    test('prefers what has a higher priority, then what was due earlier', async (context) => {
      const { world, broker } = await open()
      context.skip(!world.ordersByPriority, 'here a queue is first in, first out')
      const late = aMessage({ eta: soon(-10), priority: 4 })
      const early = aMessage({ eta: soon(-1_000), priority: 4 })
      const urgent = aMessage({ eta: soon(-1), priority: 9 })
      await broker.publish([late, early, urgent])
      const inbox = consume(broker, 1)
      const order: string[] = []
      for (let count = 0; count < 3; count++) {
        const delivery = await inbox.next()
        order.push(delivery.message.id)
        await delivery.settle({ kind: 'ack' })
      }
      expect(order).toEqual([urgent.id, early.id, late.id])
    })

    test('hands each message to one of several consumers', async () => {
      const { world, broker } = await open()
      const inboxes = [consume(broker), consume(await world.connect()), consume(await world.connect())]
      const messages = Array.from({ length: 200 }, () => aMessage())
      await broker.publish(messages)
      const seen: string[] = []
      await new Promise<void>((resolve) => {
        for (const inbox of inboxes) {
          const drain = async (): Promise<void> => {
            for (;;) {
              const delivery = await inbox.next()
              seen.push(delivery.message.id)
              await delivery.settle({ kind: 'ack' })
              if (seen.length === messages.length) resolve()
            }
          }
          void drain()
        }
      })
      expect(new Set(seen)).toEqual(new Set(messages.map(({ id }) => id)))
    })

    test('an id that is already there stays as it is', async (context) => {
      const { world, broker } = await open()
      context.skip(!world.keepsOneCopy, 'here the journal of the workers tells copies apart')
      const message = aMessage({ args: ['first'] })
      await broker.publish([message])
      await broker.publish([{ ...message, args: ['second'] }, message])
      const inbox = consume(broker)
      const delivery = await inbox.next()
      expect(delivery.message.args).toEqual(['first'])
      await delivery.settle({ kind: 'ack' })
      expect((await broker.status()).queues).toEqual([])
    })

    test('a retry comes back as the next attempt, not before its time', async () => {
      const { broker } = await open()
      await broker.publish([aMessage()])
      const inbox = consume(broker)
      const at = soon(150)
      await (await inbox.next()).settle({ kind: 'retry', at })
      const second = await inbox.next()
      expect(second.message.attempt).toBe(2)
      expect(second.message.eta).toBe(at)
      expect(Date.now()).toBeGreaterThanOrEqual(at)
    })

    test('what is given back comes again as the same attempt', async () => {
      const { broker } = await open()
      await broker.publish([aMessage({ attempt: 3 })])
      const inbox = consume(broker)
      await (await inbox.next()).settle({ kind: 'release' })
      const again = await inbox.next()
      expect(again.message.attempt).toBe(3)
      const at = soon(150)
      await again.settle({ kind: 'release', at })
      await inbox.next()
      expect(Date.now()).toBeGreaterThanOrEqual(at)
    })

    test('a stopped consumer gets nothing more, and may still settle what it has', async () => {
      const { world, broker } = await open()
      await broker.publish([aMessage(), aMessage()])
      const inbox = consume(broker, 1)
      const held = await inbox.next()
      await inbox.stop()
      await inbox.stop()
      await held.settle({ kind: 'ack' })
      expect(inbox.size).toBe(0)
      await expectQueues(world, broker, (queues) =>
        expect(queues).toMatchObject([{ name: 'taskbeat', ready: 1, running: 0 }]),
      )
    })

    test('a consumer that replaces another counts what that one handed out and has not settled', async () => {
      const { broker } = await open()
      await broker.publish([aMessage(), aMessage(), aMessage(), aMessage()])
      const before = consume(broker, 2)
      const [first, second] = await before.take(2)
      await expect.poll(async () => (await broker.status()).workers.length).toBe(1)
      const since = (await broker.status()).workers[0]?.since
      await before.stop()
      const inbox = consume(broker, 3)
      await inbox.next()
      const status = await broker.status()
      expect(status.queues).toMatchObject([{ ready: 1, running: 3 }])
      expect(status.workers).toMatchObject([{ slots: 3, since }])
      await ackAll([first, second].flatMap((delivery) => delivery ?? []))
      await inbox.next()
    })

    test('a closed connection gives back what it held', async () => {
      const { world, broker } = await open()
      await broker.publish([aMessage()])
      const other = await world.connect()
      const held = await consume(other).next()
      await other.close()
      expect((await consume(broker).next()).message.id).toBe(held.message.id)
    })

    test('what a killed process held is handed out again within five seconds', async () => {
      const { world, broker } = await open()
      const message = aMessage()
      await broker.publish([message])
      const holder = await world.holdInProcess()
      expect(holder.messageId).toBe(message.id)
      const events: BrokerEvent[] = []
      const inbox = consume(await world.connect((event) => events.push(event)))
      await holder.kill()
      const killed = Date.now()
      expect((await inbox.next()).message).toMatchObject({ id: message.id, attempt: 1 })
      expectTook(Date.now() - killed, 5_000)
    })

    test('what was acknowledged by a process that is killed does not come again', async () => {
      const { world, broker } = await open()
      const message = aMessage()
      await broker.publish([message])
      const holder = await world.holdInProcess({ acknowledged: true })
      expect(holder.messageId).toBe(message.id)
      await holder.kill()
      const inbox = consume(broker)
      const other = aMessage({ eta: soon(3_000) })
      await broker.publish([other])
      expect((await inbox.next()).message.id).toBe(other.id)
      await expectQueues(world, broker, ([queue]) => expect(queue).toMatchObject({ ready: 0, running: 1 }))
    })

    test('what was acknowledged keeps its slot and its place until it is settled, and may be set aside', async () => {
      const { broker } = await open()
      const inbox = consume(broker, 1)
      const [first, next] = [anOccurrence('nightly', { overlap: 'skip' }), aMessage()]
      await broker.publish([first])
      const delivery = await inbox.next()
      expect(await delivery.acknowledge()).toBe('gone')
      await broker.publish([anOccurrence('nightly', { overlap: 'skip', due: soon(1) }), next])
      const skipped = await inbox.next()
      expect(skipped.veto?.kind).toBe('skipped')
      await skipped.settle({ kind: 'ack' })
      expect(inbox.size).toBe(0)
      await delivery.settle({ kind: 'deadLetter', reason: 'exit code 3' })
      expect((await inbox.next()).message.id).toBe(next.id)
      await vi.waitFor(async () => expect(await broker.deadLetters.list(9)).toMatchObject([{ id: first.id }]))
    })

    test('refuses a message that is too large, and one that is no JSON, by name', async () => {
      const { broker } = await open()
      const large = aMessage({ task: 'report', args: ['x'.repeat(300_000)] })
      await expect(broker.publish([aMessage(), large])).rejects.toMatchObject({
        code: 'MESSAGE_REFUSED',
        message: expect.stringContaining('report'),
      })
      await expect(broker.publish([aMessage({ args: [1n] })])).rejects.toMatchObject({
        code: 'MESSAGE_REFUSED',
      })
      expect((await broker.status()).queues).toEqual([])
    })

    test('counts what is ready, scheduled, running and dead', async () => {
      const { world, broker } = await open()
      await broker.publish([aMessage(), aMessage({ eta: soon(60_000) }), aMessage(), aMessage()])
      const inbox = consume(broker, 2)
      const [dead] = await inbox.take(2)
      await dead?.settle({ kind: 'deadLetter', reason: 'no use' })
      await inbox.next()
      await expectQueues(world, broker, (queues) =>
        expect(queues).toEqual([{ name: 'taskbeat', ready: 0, scheduled: 1, running: 2, dead: 1 }]),
      )
      const status = await broker.status()
      expect(status.workers).toMatchObject([{ queues: ['taskbeat'], slots: 2, running: 2, pid: process.pid }])
    })

    test('of a worker that holds more than it can execute, no more executes', async () => {
      const { broker } = await open()
      await broker.publish([aMessage(), aMessage(), aMessage()])
      const inbox = new Inbox()
      const intake = { queues: ['taskbeat'], slots: 3, concurrency: 2 }
      const consumer = broker.consume({ ...intake, deliver: inbox.deliver })
      onTestFinished(() => consumer.stop())
      await inbox.take(3)
      expect((await broker.status()).workers).toMatchObject([{ slots: 2, running: 2 }])
    })
  })

  describe(`${adapter}: dead letters`, () => {
    const bury = async (broker: Broker, message = aMessage()): Promise<string> => {
      await broker.publish([message])
      const inbox = consume(broker)
      await (await inbox.next()).settle({ kind: 'deadLetter', reason: 'exit code 3' })
      await inbox.stop()
      return message.id
    }

    test('are kept with their reason, and found by the beginning of their id', async () => {
      const { broker } = await open()
      const id = await bury(broker, aMessage({ task: 'mail', args: [7] }))
      expect(await broker.deadLetters.list(10)).toMatchObject([
        { id, queue: 'taskbeat', reason: 'exit code 3', message: { task: 'mail', args: [7] } },
      ])
      expect((await broker.deadLetters.find(id.slice(0, 8))).id).toBe(id)
      await expect(broker.deadLetters.find('zz')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    })

    test('a retried one runs as the next attempt, without what made it too late', async () => {
      const { broker } = await open()
      const past = instant(Date.now() - 1)
      const id = await bury(broker, anOccurrence('once', { startBy: past }, { expires: past, attempt: 2 }))
      await broker.deadLetters.retry(id.slice(0, 8))
      const { message } = await consume(broker).next()
      expect(message).toMatchObject({ id, attempt: 3, occurrence: { entry: 'once' } })
      expect(message.expires).toBeUndefined()
      expect(message.occurrence?.startBy).toBeUndefined()
      expect(await broker.deadLetters.list(10)).toEqual([])
    })

    test('the largest message is kept too, however many digits its attempt has, and may be retried', async () => {
      const { broker } = await open()
      const small = anOccurrence('large', {}, { args: [''], attempt: 9, eta: instant(1) })
      const room = 262_144 - Buffer.byteLength(JSON.stringify(small))
      await broker.publish([{ ...small, args: ['x'.repeat(room)] }])
      const inbox = consume(broker)
      await (await inbox.next()).settle({ kind: 'retry', at: soon(0) })
      await (await inbox.next()).settle({ kind: 'deadLetter', reason: 'exit code 3' })
      expect(await broker.deadLetters.list(10)).toMatchObject([{ id: small.id, reason: 'exit code 3' }])
      await broker.deadLetters.retry(small.id)
      const { message } = await inbox.next()
      expect(message).toMatchObject({ id: small.id, attempt: 11, args: ['x'.repeat(room)] })
    })

    test.for(['skip', 'queue'] as const)(
      'a retried one of an entry with overlap %s waits for the run that executes, and is not thrown away',
      async (overlap) => {
        const { broker } = await open()
        const id = await bury(broker, anOccurrence('tick', { overlap, waitLimit: 0 }))
        const inbox = consume(broker)
        await broker.publish([anOccurrence('tick', { overlap, waitLimit: 0 })])
        const running = await inbox.next()
        await broker.deadLetters.retry(id)
        await broker.publish([aMessage()])
        await ackAll([await inbox.next()])
        expect(inbox.size).toBe(0)
        await running.settle({ kind: 'ack' })
        const retried = await inbox.next()
        expect(retried.message).toMatchObject({ id, attempt: 2 })
        expect(retried.veto).toBeUndefined()
      },
    )

    test('a dropped one is gone', async () => {
      const { broker } = await open()
      await broker.deadLetters.drop(await bury(broker))
      expect(await broker.deadLetters.list(10)).toEqual([])
      expect((await broker.status()).queues).toEqual([])
    })
  })
}
