import { describe, expect, test } from 'vitest'
import type { Delivery } from '../../src/broker/delivery.ts'
import { aMessage, anOccurrence, soon } from '../support/messages.ts'
import { ackAll, type BrokerWorld, consume, expectQueues, openConnected } from './broker-world.ts'

/** What becomes of the runs of one entry that would overlap, on every broker. */
export function overlapContract(adapter: string, openWorld: () => Promise<BrokerWorld>): void {
  const open = () => openConnected(openWorld)

  describe(`${adapter}: overlap`, () => {
    test('skip: while a run of the entry executes, the next comes with a veto, even when no slot is free', async () => {
      const { broker } = await open()
      const inbox = consume(broker, 1)
      await broker.publish([anOccurrence('tick', { overlap: 'skip' })])
      const running = await inbox.next()
      await broker.publish([anOccurrence('tick', { overlap: 'skip' }, { eta: soon(50) })])
      const second = await inbox.next()
      expect(second.veto).toMatchObject({
        kind: 'skipped',
        reason: expect.stringContaining(running.message.id),
      })
      await ackAll([second, running])
      await broker.publish([anOccurrence('tick', { overlap: 'skip' })])
      expect((await inbox.next()).veto).toBeUndefined()
    })

    test('what stands for its entry is said to have come in time, and what is too late is not', async () => {
      const { broker } = await open()
      const inbox = consume(broker)
      const startBy = soon(60_000)
      await broker.publish([
        anOccurrence('in-time', { overlap: 'skip', startBy }),
        anOccurrence('late', { overlap: 'skip', startBy: soon(-1), due: soon(-2) }),
        anOccurrence('any', { overlap: 'allow', startBy }),
      ])
      const found = new Map<string | undefined, object>()
      while (found.size < 3) {
        const { message, inTime = false } = await inbox.next()
        const { entry, startBy } = message.occurrence ?? {}
        found.set(entry, { inTime, bound: startBy !== undefined })
      }
      expect(Object.fromEntries(found)).toEqual({
        'in-time': { inTime: true, bound: true },
        late: { inTime: false, bound: true },
        any: { inTime: false, bound: true },
      })
    })

    test('what another was skipped for is bound by its successor no more when it was put off', async () => {
      const { broker } = await open()
      const inbox = consume(broker, 1)
      const startBy = soon(3_000)
      await broker.publish([anOccurrence('tick', { overlap: 'skip', startBy })])
      const first = await inbox.next()
      await broker.publish([anOccurrence('tick', { overlap: 'skip', due: startBy }, { eta: startBy })])
      const second = await inbox.next()
      expect(second.veto).toMatchObject({ kind: 'skipped' })
      await second.settle({ kind: 'ack' })
      await first.settle({ kind: 'release', at: soon(100) })
      const again = await inbox.next()
      expect(again.message.id).toBe(first.message.id)
      expect(again.message.occurrence?.startBy).toBeUndefined()
    })

    test('what was put off and nothing was skipped for is bound as before', async () => {
      const { broker } = await open()
      const inbox = consume(broker, 1)
      await broker.publish([anOccurrence('tick', { overlap: 'skip', startBy: soon(60_000) })])
      const first = await inbox.next()
      await first.settle({ kind: 'release', at: soon(100) })
      expect((await inbox.next()).message.occurrence?.startBy).toBeDefined()
    })

    test('skip holds across connections, and within one crowded instant', async () => {
      const { world, broker } = await open()
      const inboxes = [consume(broker), consume(await world.connect())]
      const due = soon(100)
      await broker.publish(Array.from({ length: 10 }, () => anOccurrence('tick', { overlap: 'skip', due })))
      const deliveries: Delivery[] = []
      while (deliveries.length < 10) {
        deliveries.push(await Promise.race(inboxes.map((inbox) => inbox.next())))
        if (inboxes.some((inbox) => inbox.size > 0)) continue
      }
      expect(deliveries.filter(({ veto }) => !veto)).toHaveLength(1)
    })

    test('allow: runs of one entry execute side by side', async () => {
      const { broker } = await open()
      await broker.publish([
        anOccurrence('tick', { overlap: 'allow' }),
        anOccurrence('tick', { overlap: 'allow' }),
      ])
      const deliveries = await consume(broker).take(2)
      expect(deliveries.map(({ veto }) => veto)).toEqual([undefined, undefined])
    })

    test('queue: one after another in the order of due, others pass meanwhile', async () => {
      const { broker } = await open()
      const inbox = consume(broker, 5)
      const occurrences = [30, 20, 10].map((ago) =>
        anOccurrence('tick', { overlap: 'queue', due: soon(-ago) }),
      )
      await broker.publish(occurrences)
      const other = aMessage({ priority: 0 })
      await broker.publish([other])
      const [first, between] = await inbox.take(2)
      expect(between?.message.id).toBe(other.id)
      const order = [first?.message.id]
      await first?.settle({ kind: 'ack' })
      for (let count = 0; count < 2; count++) {
        const next = await inbox.next()
        expect(inbox.size).toBe(0)
        order.push(next.message.id)
        await next.settle({ kind: 'ack' })
      }
      expect(order).toEqual(occurrences.map(({ id }) => id))
    })

    test('queue: when more wait than may, the latest come with a veto', async () => {
      const { broker } = await open()
      const inbox = consume(broker, 5)
      const occurrence = (ago: number) =>
        anOccurrence('tick', { overlap: 'queue', waitLimit: 2, due: soon(-ago) })
      await broker.publish([occurrence(9_000)])
      const running = await inbox.next()
      const waiting = [5_000, 4_000, 3_000, 2_000].map(occurrence)
      await broker.publish(waiting)
      const vetoed = await inbox.take(2)
      expect(vetoed.map(({ message }) => message.id)).toEqual(waiting.slice(2).map(({ id }) => id))
      expect(vetoed[0]?.veto?.reason).toContain('2')
      await ackAll([running, ...vetoed])
    })

    test('queue: what waits goes on when a run is given back, or its connection closed', async () => {
      const { world, broker } = await open()
      const other = await world.connect()
      const first = anOccurrence('tick', { overlap: 'queue' })
      const second = anOccurrence('tick', { overlap: 'queue', due: soon(1) })
      await broker.publish([first])
      await consume(other, 1).next()
      const inbox = consume(broker)
      await broker.publish([second])
      await expectQueues(world, broker, (queues) => expect(queues).toMatchObject([{ ready: 1, running: 1 }]))
      expect(inbox.size).toBe(0)
      await other.close()
      const again = await inbox.next()
      await again.settle({ kind: 'retry', at: soon(60_000) })
      const last = await inbox.next()
      expect(new Set([again, last].map(({ message }) => message.id))).toEqual(new Set([first.id, second.id]))
    })

    test('a run that waits for its retry does not execute', async () => {
      const { broker } = await open()
      const inbox = consume(broker)
      await broker.publish([anOccurrence('tick', { overlap: 'skip' })])
      await (await inbox.next()).settle({ kind: 'retry', at: soon(60_000) })
      await broker.publish([anOccurrence('tick', { overlap: 'skip' })])
      expect((await inbox.next()).veto).toBeUndefined()
    })
  })
}
