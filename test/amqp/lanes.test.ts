import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Broker } from '../../src/broker/broker.ts'
import type { Delivery } from '../../src/broker/delivery.ts'
import { connectAmqp } from '../support/amqp-broker-world.ts'
import { Inbox } from '../support/inbox.ts'
import { aMessage, anOccurrence, soon } from '../support/messages.ts'
import { useRabbitmq } from '../support/rabbitmq.ts'

const rabbitmq = useRabbitmq()

interface Taken {
  readonly worker: number
  readonly delivery: Delivery
}

/** Workers that each take what comes, and tell of it in one place. */
function startWorkers(url: string, count: number, take: (taken: Taken) => void): Broker[] {
  return Array.from({ length: count }, (_, worker) => {
    const broker = connectAmqp(url)
    const deliver = (delivery: Delivery): void => take({ worker, delivery })
    const consumer = broker.consume({ queues: ['taskbeat'], slots: 50, deliver })
    onTestFinished(() => consumer.stop())
    return broker
  })
}

/** One occurrence of each entry, executed and acknowledged at once; which worker got which entry. */
async function ownersOf(
  sender: Broker,
  entries: readonly string[],
  taken: Taken[],
): Promise<Map<string, number>> {
  const messages = entries.map((entry) => anOccurrence(entry, { overlap: 'skip' }))
  const ids = new Set(messages.map(({ id }) => id))
  await sender.publish(messages)
  return vi.waitFor(
    () => {
      const found = taken.filter(({ delivery }) => ids.has(delivery.message.id))
      expect(found.length).toBeGreaterThanOrEqual(entries.length)
      return new Map(found.map(({ worker, delivery }) => [delivery.message.occurrence?.entry ?? '', worker]))
    },
    { timeout: 30_000, interval: 20 },
  )
}

const manyEntries = Array.from({ length: 64 }, (_, index) => `entry-${index}`)

describe('the lanes of a queue', () => {
  test('are shared by the workers, those who come later included', async () => {
    const url = await rabbitmq.url()
    const taken: Taken[] = []
    const take = (each: Taken): void => {
      taken.push(each)
      void each.delivery.settle({ kind: 'ack' })
    }
    const [first] = startWorkers(url, 1, take)
    if (!first) throw new Error('one was started')
    expect(new Set((await ownersOf(first, manyEntries, taken)).values())).toEqual(new Set([0]))
    startWorkers(url, 2, ({ worker, delivery }) => take({ worker: worker + 1, delivery }))
    await vi.waitFor(
      async () => {
        const owners = [...(await ownersOf(first, manyEntries, taken)).values()]
        const shares = [0, 1, 2].map((worker) => owners.filter((owner) => owner === worker).length)
        expect(Math.min(...shares)).toBeGreaterThan(5)
      },
      { timeout: 30_000, interval: 200 },
    )
  })

  test('of a worker that goes are held by the others at once, and lose nothing', async () => {
    const url = await rabbitmq.url()
    const taken: Taken[] = []
    let holding = false
    const workers = startWorkers(url, 3, (each) => {
      taken.push(each)
      if (!holding || each.worker !== 1) void each.delivery.settle({ kind: 'ack' })
    })
    const [first, second] = workers
    if (!first || !second) throw new Error('three were started')
    await vi.waitFor(
      async () => expect(new Set((await ownersOf(first, manyEntries, taken)).values()).size).toBe(3),
      { timeout: 30_000, interval: 200 },
    )
    holding = true
    const before = taken.length
    await ownersOf(first, manyEntries, taken)
    await second.close()
    const unsettled = taken
      .slice(before)
      .filter(({ worker }) => worker === 1)
      .map(({ delivery }) => delivery.message.id)
    expect(unsettled.length).toBeGreaterThan(0)
    await vi.waitFor(
      () => {
        const elsewhere = taken
          .filter(({ worker }) => worker !== 1)
          .map(({ delivery }) => delivery.message.id)
        expect(unsettled.filter((id) => !elsewhere.includes(id))).toEqual([])
      },
      { timeout: 30_000, interval: 50 },
    )
  })

  test('skip: two runs of an entry are never executed at once by three workers that come and go', async () => {
    const url = await rabbitmq.url()
    const executing = new Map<string, string>()
    const overlaps: string[] = []
    const ended = new Set<string>()
    const take = async ({ delivery }: Taken): Promise<void> => {
      const { message, veto } = delivery
      const entry = message.occurrence?.entry ?? ''
      if (!veto) {
        const other = executing.get(entry)
        if (other && other !== message.id) overlaps.push(`${entry}: ${other} and ${message.id}`)
        executing.set(entry, message.id)
        await new Promise((resolve) => setTimeout(resolve, 30))
        executing.delete(entry)
      }
      await delivery.settle({ kind: 'ack' })
      ended.add(message.id)
    }
    const [first] = startWorkers(url, 1, take)
    if (!first) throw new Error('one was started')
    const messages = Array.from({ length: 600 }, (_, index) =>
      anOccurrence(`entry-${index % 20}`, { overlap: 'skip' }, { eta: soon(500 + index * 8) }),
    )
    await first.publish(messages)
    await vi.waitFor(() => expect(ended.size).toBeGreaterThan(50), { timeout: 30_000 })
    startWorkers(url, 1, take)
    await vi.waitFor(() => expect(ended.size).toBeGreaterThan(200), { timeout: 30_000 })
    const third = connectAmqp(url)
    const consumer = third.consume({
      queues: ['taskbeat'],
      slots: 50,
      deliver: (delivery) => void take({ worker: 2, delivery }),
    })
    await vi.waitFor(() => expect(ended.size).toBeGreaterThan(400), { timeout: 30_000 })
    await consumer.stop()
    await vi.waitFor(() => expect(ended.size).toBe(messages.length), { timeout: 30_000 })
    expect(overlaps).toEqual([])
  })

  test('skip: a copy of the run that executes is not skipped for it, but comes after its end', async () => {
    const url = await rabbitmq.url()
    const broker = connectAmqp(url)
    const inbox = new Inbox()
    const consumer = broker.consume({ queues: ['taskbeat'], slots: 10, deliver: inbox.deliver })
    onTestFinished(() => consumer.stop())
    const first = anOccurrence('tick', { overlap: 'skip', due: soon(-1_000) })
    const second = anOccurrence('tick', { overlap: 'skip', due: soon(0) })
    await broker.publish([first, first, second])
    const [run, skipped] = await inbox.take(2)
    expect(run).toMatchObject({ message: { id: first.id } })
    expect(run?.veto).toBeUndefined()
    expect(skipped).toMatchObject({ message: { id: second.id }, veto: { kind: 'skipped' } })
    await skipped?.settle({ kind: 'ack' })
    await run?.settle({ kind: 'ack' })
    const copy = await inbox.next()
    expect(copy).toMatchObject({ message: { id: first.id } })
    expect(copy.veto).toBeUndefined()
    await copy.settle({ kind: 'ack' })
  })

  test('queue: runs of an entry are executed one after another, in the order of due', async () => {
    const url = await rabbitmq.url()
    const order: string[] = []
    let executing = 0
    let most = 0
    const sender = connectAmqp(url)
    const messages = Array.from({ length: 100 }, (_, index) =>
      anOccurrence('tick', { overlap: 'queue', waitLimit: 1_000, due: soon(index - 1_000) }),
    )
    await sender.publish(messages)
    startWorkers(url, 3, async ({ delivery }) => {
      most = Math.max(most, ++executing)
      order.push(delivery.message.id)
      await new Promise((resolve) => setTimeout(resolve, 5))
      executing--
      await delivery.settle({ kind: 'ack' })
    })
    await vi.waitFor(() => expect(order.length).toBe(messages.length), { timeout: 30_000 })
    expect(most).toBe(1)
    expect(order).toEqual(messages.map(({ id }) => id))
  })

  test('that are never idle are shared too, and runs of an entry keep apart and in order meanwhile', async () => {
    const url = await rabbitmq.url()
    const entries = manyEntries.slice(0, 12)
    const takers = new Set<number>()
    const executing = new Set<string>()
    const order = new Map<string, string[]>(entries.map((entry) => [entry, []]))
    const overlaps: string[] = []
    const take = async ({ worker, delivery }: Taken): Promise<void> => {
      const { entry = '' } = delivery.message.occurrence ?? {}
      if (executing.has(entry)) overlaps.push(entry)
      executing.add(entry)
      takers.add(worker)
      order.get(entry)?.push(delivery.message.id)
      await new Promise((resolve) => setTimeout(resolve, 20))
      executing.delete(entry)
      await delivery.settle({ kind: 'ack' })
    }
    const [first] = startWorkers(url, 1, take)
    if (!first) throw new Error('one was started')
    const messages = entries.flatMap((entry) =>
      Array.from({ length: 300 }, (_, index) =>
        anOccurrence(entry, { overlap: 'queue', waitLimit: 1_000, due: soon(index - 1_000) }),
      ),
    )
    await first.publish(messages)
    startWorkers(url, 1, ({ delivery }) => take({ worker: 1, delivery }))
    const done = (): number => [...order.values()].reduce((sum, { length }) => sum + length, 0)
    await vi.waitFor(() => expect(takers).toEqual(new Set([0, 1])), { timeout: 30_000 })
    expect(done()).toBeLessThan(messages.length / 2)
    await vi.waitFor(() => expect(done()).toBe(messages.length), { timeout: 60_000 })
    expect(overlaps).toEqual([])
    for (const entry of entries) {
      const inOrder = messages.filter(({ occurrence }) => occurrence?.entry === entry).map(({ id }) => id)
      expect(order.get(entry)).toEqual(inOrder)
    }
  }, 90_000)

  test.for(['skip', 'queue'] as const)(
    '%s: a worker that stops keeps the lane of what it still executes',
    async (overlap) => {
      const url = await rabbitmq.url()
      const [stopping, other] = [connectAmqp(url), connectAmqp(url)]
      const inbox = new Inbox()
      const consumer = stopping.consume({ queues: ['taskbeat'], slots: 1, deliver: inbox.deliver })
      await stopping.publish([anOccurrence('tick', { overlap })])
      const running = await inbox.next()
      const next = new Inbox()
      const follower = other.consume({ queues: ['taskbeat'], slots: 2, deliver: next.deliver })
      onTestFinished(() => follower.stop())
      await other.publish([aMessage()])
      await (await next.next()).settle({ kind: 'ack' })
      await consumer.stop()
      await other.publish([anOccurrence('tick', { overlap }), aMessage()])
      await (await next.next()).settle({ kind: 'ack' })
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      expect([inbox.size, next.size]).toEqual([0, 0])
      await running.settle({ kind: 'ack' })
      const following = await next.next()
      expect(following.message.occurrence?.entry).toBe('tick')
      expect(following.veto).toBeUndefined()
    },
  )

  test('what is revoked comes with that veto, and takes no slot', async () => {
    const url = await rabbitmq.url()
    const broker = connectAmqp(url)
    const inbox = new Inbox()
    const consumer = broker.consume({ queues: ['taskbeat'], slots: 1, deliver: inbox.deliver })
    onTestFinished(() => consumer.stop())
    const term = await connectAmqp(url).lead(
      { group: 'main', host: 'here', pid: 1, scheduleHash: 'a' },
      new AbortController().signal,
    )
    const eta = soon(2_000)
    const messages = (['skip', 'allow', 'queue'] as const).map((overlap) =>
      anOccurrence(`tick-${overlap}`, { overlap, stamp: term.stamp }, { eta }),
    )
    const cursor = { due: eta, entry: 'z' }
    await term.emit({ messages, replacements: [], revocations: [], cursor })
    const revocations = messages.map(({ id }) => ({ id, until: soon(60_000) }))
    await term.emit({ messages: [], replacements: [], revocations, cursor })
    const vetoed = await inbox.take(3)
    expect(vetoed.map(({ veto }) => veto?.kind)).toEqual(['revoked', 'revoked', 'revoked'])
    await term.resign()
  })
})
