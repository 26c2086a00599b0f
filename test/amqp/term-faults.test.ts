import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { type Baton, claimedBy, encodeBaton, firstBaton, followedBy } from '../../src/amqp/baton.ts'
import { batonQueue } from '../../src/amqp/topology.ts'
import type { BrokerEvent } from '../../src/broker/broker-event.ts'
import type { Emission } from '../../src/broker/term.ts'
import { systemClock } from '../../src/core/clock.ts'
import { cursorThrough } from '../../src/core/cursor.ts'
import { TermLostError } from '../../src/core/errors.ts'
import { milliseconds } from '../../src/core/instant.ts'
import { newUuid } from '../../src/core/uuid.ts'
import { AmqpTermWorld } from '../support/amqp-term-world.ts'
import { eventually } from '../support/eventually.ts'
import { expectTook } from '../support/expect-took.ts'
import { fastClock } from '../support/fast-clock.ts'
import { instead } from '../support/instead.ts'
import { anOccurrence, soon } from '../support/messages.ts'
import { useRabbitmq } from '../support/rabbitmq.ts'
import { RabbitmqNode } from '../support/rabbitmq-node.ts'

const rabbitmq = useRabbitmq()
const openWorld = async (): Promise<AmqpTermWorld> => new AmqpTermWorld(await rabbitmq.url())
const emission = (change: Partial<Emission> = {}): Emission => ({
  messages: [],
  replacements: [],
  revocations: [],
  cursor: cursorThrough(soon(0)),
  ...change,
})
const aborted = (signal: AbortSignal): Promise<boolean> => eventually('it is over', () => signal.aborted)
/** Waits until so many lead or stand by; a standby makes no other sound. */
const untilCandidates = async ({ vhost }: AmqpTermWorld, count: number): Promise<void> => {
  const queue = `rabbit_misc:r(<<"${vhost}">>, queue, <<"${batonQueue('main')}">>)`
  const look = `begin {ok, Q} = rabbit_amqqueue:lookup(${queue}), length(rabbit_amqqueue:consumers(Q)) end`
  while (Number(await rabbitmq.node.evaluate(look)) !== count) await systemClock.sleep(milliseconds(20))
}
const holder = { host: 'former', pid: 3, scheduleHash: 'ffff', knownSince: undefined, since: soon(0) }
const batonOf = (epoch: number, seq: number, change: Partial<Baton> = {}): Baton => ({
  ...claimedBy(firstBaton(namespace, soon(0)), holder, soon(0)),
  epoch,
  seq,
  ...change,
})
const namespace = newUuid()
/** A second of its own takes a millisecond. */
const hasty = fastClock(1_000)

describe('a leader on RabbitMQ', () => {
  test('that is killed while it emits is followed by one that knows what was committed', async () => {
    const world = await openWorld()
    const leader = world.start('emit', { heartbeatMs: 10_000 })
    await leader.line()
    const committed = [await leader.line(), await leader.line(), await leader.line()]
    const waiting = world.lead({ host: 'two' })
    await leader.kill()
    const killed = performance.now()
    const next = await waiting
    expectTook(performance.now() - killed, 2_000)
    expect(next).toMatchObject({ epoch: 2, predecessor: { host: 'elsewhere', scheduleHash: 'aaaa' } })
    expect(next.cursor?.due).toBeGreaterThan(Date.now() - 10_000)
    expect(await world.drain()).toEqual(expect.arrayContaining(committed))
  })

  test('that stood still for longer than its lease publishes nothing when it goes on', async () => {
    const world = await openWorld()
    const leader = world.start('emit', { heartbeatMs: 1_000 })
    await leader.line()
    await leader.line()
    const waiting = world.lead({ host: 'two' })
    process.kill(leader.pid, 'SIGSTOP')
    const stopped = performance.now()
    const next = await waiting
    expectTook(performance.now() - stopped, 8_000)
    await next.emit(emission({ cursor: cursorThrough(soon(60_000)) }))
    expect((await world.drain()).length).toBeGreaterThan(0)
    process.kill(leader.pid, 'SIGCONT')
    let line = await leader.line()
    while (!line.startsWith('lost')) line = await leader.line() // written before it was stopped
    expect(line).toBe('lost TERM_LOST')
    expect(await world.drain()).toEqual([])
    expect(next.lost.aborted).toBe(false)
    await next.emit(emission())
  })

  test('that dies between the occurrences and the cursor leaves the cursor where it was', async () => {
    const world = await openWorld()
    const messages = ['a', 'b', 'c'].map((entry) => anOccurrence(entry))
    const cursor = cursorThrough(soon(1_000))
    const first = await world.lead()
    const committed = cursorThrough(soon(-1_000))
    await first.emit(emission({ cursor: committed }))
    await first.resign()
    const leader = world.start('die', { messages, cursor, batons: 1 })
    await leader.ended
    const next = await world.lead({ host: 'two' })
    expect(next.cursor).toEqual(committed)
    expect(next.epoch).toBe(3)
    await next.emit(emission({ messages, cursor }))
    expect((await world.drain()).sort()).toEqual([...messages, ...messages].map(({ id }) => id).sort())
  })

  test('hands over within 200 ms when it resigns', async () => {
    const world = await openWorld()
    const term = await world.lead()
    const waiting = world.lead({ host: 'two' })
    await untilCandidates(world, 2)
    const before = performance.now()
    void term.resign()
    await waiting
    expectTook(performance.now() - before, 200)
  })

  test('resigns when what it has begun is finished', async () => {
    const world = await openWorld()
    const term = await world.lead()
    const messages = Array.from({ length: 300 }, (_, index) => anOccurrence(`entry-${index}`))
    const cursor = cursorThrough(soon(1_000))
    const emitted = term.emit(emission({ messages, cursor }))
    await term.resign()
    await emitted
    expect((await world.lead()).cursor).toEqual(cursor)
    expect(new Set(await world.drain()).size).toBe(300)
  })

  test('does one thing at a time, and each in turn', async () => {
    const world = await openWorld()
    const term = await world.lead()
    const cursors = [1, 2, 3, 4, 5].map((second) => cursorThrough(soon(second * 1_000)))
    await Promise.all([
      ...cursors.map((cursor) => term.emit(emission({ messages: [anOccurrence('tick')], cursor }))),
      term.adopt({ scheduleHash: 'bbbb', knownSince: soon(0) }),
    ])
    expect(term.cursor).toEqual(cursors[4])
    expect(term.stamp.seq).toBe(7)
    expect((await world.drain()).length).toBe(5)
  })

  test('writes its baton anew when there was nothing to emit for long', async () => {
    const world = await openWorld()
    const term = await world.lead({ parts: { clock: hasty, heartbeat: milliseconds(100_000_000) } })
    await eventually('it has written twice', () => term.stamp.seq >= 3)
    expect(term.lost.aborted).toBe(false)
  })

  test('declares the queue of an entry that is new to the broker', async () => {
    const world = await openWorld()
    const declared: string[] = []
    const term = await world.lead({
      parts: {
        declare: async (session, queue) => {
          declared.push(queue)
          await session.apart('declare', (channel) =>
            channel.declareQueue({ name: queue, durable: true, arguments: { 'x-queue-type': 'quorum' } }),
          )
        },
      },
    })
    await term.emit(emission({ messages: [anOccurrence('tick', {}, { queue: 'new' })] }))
    expect(declared).toEqual(['new'])
    expect(await world.countReady('new')).toBe(1)
  })

  test('declares it, once, also for what comes to it by way of the ladder', async () => {
    const world = await openWorld()
    const declared: string[] = []
    const declare = async (_session: unknown, queue: string): Promise<void> => void declared.push(queue)
    const term = await world.lead({ parts: { declare } })
    const later = (queue: string) => anOccurrence('tick', {}, { queue, eta: soon(3_600_000) })
    for (let times = 0; times < 2; times++)
      await term.emit(emission({ messages: [later('taskbeat'), later('new')] }))
    expect(declared).toEqual(['new'])
  })
})

describe('a standby on RabbitMQ', () => {
  test('that waits for long offers to begin, which a leader does not heed', async () => {
    const world = await openWorld()
    const term = await world.lead()
    const giveUp = new AbortController()
    const planted: number[] = []
    const waiting = world.lead({
      host: 'two',
      parts: { clock: { ...hasty, now: () => soon(planted.push(0)) } },
      signal: giveUp.signal,
    })
    await eventually('it has offered a few times', () => planted.length >= 4)
    await term.emit(emission())
    giveUp.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    await term.resign()
    await expect.poll(() => world.batons()).toBe(1)
    expect(await world.lead()).toMatchObject({ namespace: term.namespace, epoch: 2 })
  })

  test('leads where whoever should have begun has died before', async () => {
    const world = await openWorld()
    const session = await world.declare()
    const former = await session.openChannel({ confirm: false, prefetch: 16 })
    const subscription = await former.consume(batonQueue('main'), {}, () => {})
    const waiting = world.lead({ parts: { clock: hasty, heartbeat: milliseconds(100_000_000) } })
    await untilCandidates(world, 2)
    await subscription.cancel()
    expect((await waiting).epoch).toBe(1)
  })
})

describe('a term on RabbitMQ is lost', () => {
  test('when its queue of occurrences cannot be made', async () => {
    const world = await openWorld()
    const term = await world.lead()
    const lost = emission({ messages: [anOccurrence('tick', {}, { queue: 'nowhere' })] })
    await expect(term.emit(lost)).rejects.toThrow(TermLostError)
    expect(term.lost.aborted).toBe(true)
  })

  test('when the queue of its baton is deleted; the next one begins anew', async () => {
    const world = await openWorld()
    const term = await world.lead()
    await (await world.session()).apart('delete', (channel) => channel.deleteQueue(batonQueue('main')))
    await aborted(term.lost)
    await expect(term.emit(emission())).rejects.toThrow(TermLostError)
    const next = await world.lead()
    expect(next.epoch).toBe(1)
    expect(next.namespace).not.toBe(term.namespace)
  })

  test('when a newer baton turns up', async () => {
    const world = await openWorld()
    const term = await world.lead()
    await world.put(encodeBaton(batonOf(5, 0)))
    await aborted(term.lost)
    expect(await world.lead()).toMatchObject({ epoch: 6, namespace })
  })
})

describe('the baton', () => {
  test('that is newest counts, of several that a leader left behind', async () => {
    const world = await openWorld()
    await world.declare()
    const cursor = cursorThrough(soon(1_000))
    for (const baton of [batonOf(3, 4), batonOf(3, 5, { cursor }), batonOf(2, 9)])
      await world.put(encodeBaton(baton))
    const term = await world.lead()
    expect(term).toMatchObject({ epoch: 4, cursor, namespace, predecessor: { host: 'former' } })
    await term.resign()
    await expect.poll(() => world.batons()).toBe(1)
  })

  test('of two beats that began a group at once gives it one namespace', async () => {
    const world = await openWorld()
    const terms = [world.lead({ host: 'one' }), world.lead({ host: 'two' })]
    const first = await Promise.race(terms)
    await world.put(encodeBaton(firstBaton(newUuid(), soon(0)))) // of a third, that was slow
    await first.emit(emission())
    await first.resign()
    const all = await Promise.all(terms)
    expect(all.map((term) => term.namespace)).toEqual([first.namespace, first.namespace])
    expect(Math.max(...all.map(({ epoch }) => epoch))).toBe(2)
  })

  test('that turns up during a claim and is older than what was claimed is no doubt', async () => {
    const world = await openWorld()
    await world.declare()
    await world.put(encodeBaton(batonOf(3, 4)))
    const straggler = batonOf(3, 5)
    const term = await world.lead({
      around: (session) =>
        instead(session, 'openChannel', async (options) => {
          const channel = await session.openChannel(options)
          return instead(channel, 'publish', async (outgoing) => {
            if (outgoing.routingKey === batonQueue('main')) await world.put(encodeBaton(straggler))
            return channel.publish(outgoing)
          })
        }),
    })
    expect(term.epoch).toBe(4)
    await term.resign()
    await expect.poll(() => world.batons()).toBe(1)
  })

  test('that is forged is told and removed; the sound one counts', async () => {
    const world = await openWorld()
    await world.declare()
    const events: BrokerEvent[] = []
    for (let count = 0; count < 30; count++) await world.put(Buffer.from(`forged ${count}`))
    await world.put(encodeBaton(batonOf(3, 4)))
    const term = await world.lead({ emit: (event) => events.push(event) })
    expect(term.epoch).toBe(4)
    expect(events).toHaveLength(30)
    expect(events[0]).toMatchObject({ kind: 'messageUndecodable', queue: batonQueue('main') })
    await world.put(Buffer.from('{"v":1,"epoch":99}'))
    await eventually('it was told', () => events.length === 31)
    await term.emit(emission())
  })

  test('that is forged and alone is nobody’s: the group begins anew', async () => {
    const world = await openWorld()
    await world.declare()
    await world.put(encodeBaton(batonOf(2 ** 50, 0)))
    expect(await world.lead()).toMatchObject({ epoch: 1, predecessor: undefined })
  })

  test('of a later version is left for those who can read it', async () => {
    const world = await openWorld()
    await world.declare()
    await world.put(Buffer.from('{"v":2}'))
    await expect(world.lead()).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    await expect(world.lead()).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    await expect.poll(() => world.batons()).toBe(1)
  })

  test('that was put down in order is taken up in the next epoch', async () => {
    const world = await openWorld()
    await world.declare()
    await world.put(encodeBaton(followedBy(batonOf(7, 1), { resigned: true }, soon(0))))
    const term = await world.lead()
    expect(term.stamp).toEqual({ epoch: 8, seq: 1 })
  })
})

describe('while the broker', () => {
  // One of their own, for what is done to it would disturb others; they are run one after the other.
  let starting: Promise<RabbitmqNode> | undefined
  afterAll(async () => (await starting)?.[Symbol.asyncDispose]())
  const openNode = async (): Promise<{ node: RabbitmqNode; world: AmqpTermWorld }> => {
    starting ??= RabbitmqNode.start()
    const node = await starting
    const vhost = await node.openVhost()
    return { node, world: new AmqpTermWorld(`amqp://guest:guest@127.0.0.1:${node.port}/${vhost}`) }
  }

  test('closes connections or is restarted the term is lost, and the next one has the cursor', async () => {
    const { node, world } = await openNode()
    const before = await world.lead()
    await node.closeConnections()
    await aborted(before.lost)
    const term = await world.lead()
    const message = anOccurrence('tick')
    const cursor = cursorThrough(soon(1_000))
    await term.emit(emission({ messages: [message], cursor }))
    await node.kill()
    await aborted(term.lost)
    await expect(term.emit(emission())).rejects.toThrow(TermLostError)
    await expect(world.lead()).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' })
    await node.start()
    const next = await world.lead()
    expect(next).toMatchObject({ epoch: 3, cursor, namespace: before.namespace })
    expect(await world.drain()).toEqual([message.id])
  })

  test('says nothing the leader gives up within seconds', async () => {
    const { node, world } = await openNode()
    const term = await world.lead({ heartbeat: milliseconds(1_000) })
    await term.emit(emission())
    node.pause()
    onTestFinished(() => node.resume())
    const emitOn = async (): Promise<void> => {
      for (;;) await term.emit(emission({ messages: [anOccurrence('tick')] })) // a stop takes a moment
    }
    await expect(emitOn()).rejects.toThrow(TermLostError)
    node.resume()
    const next = await world.lead()
    expect(next.epoch).toBe(2)
  })

  test('has an alarm the leader stays, publishes nothing new, keeps the cursor, and is told when it is over', async () => {
    const { node, world } = await openNode()
    const again = Promise.withResolvers<void>()
    const term = await world.lead({ takesAgain: again.resolve })
    const cursor = cursorThrough(soon(1_000))
    await term.emit(emission({ cursor }))
    await node.setAlarm()
    const surprised = anOccurrence('surprised')
    await expect(term.emit(emission({ messages: [surprised] }))).rejects.toMatchObject({
      code: 'BROKER_UNAVAILABLE',
    })
    await expect(term.emit(emission())).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' })
    expect(term.cursor).toEqual(cursor)
    expect(term.lost.aborted).toBe(false)
    await node.clearAlarm()
    const cleared = performance.now()
    const later = emission({ messages: [surprised], cursor: cursorThrough(soon(2_000)) })
    await again.promise
    await term.emit(later)
    expectTook(performance.now() - cleared, 2_000)
    expect(term.cursor).toEqual(later.cursor)
    expect(new Set(await world.drain())).toEqual(new Set([surprised.id]))
  })
})
