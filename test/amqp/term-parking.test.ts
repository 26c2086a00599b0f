import { expect, test } from 'vitest'
import type { AmqpTerm } from '../../src/amqp/amqp-term.ts'
import { parkedQueue } from '../../src/amqp/topology.ts'
import type { BrokerEvent } from '../../src/broker/broker-event.ts'
import type { Emission, NotHandedOn } from '../../src/broker/term.ts'
import { systemClock } from '../../src/core/clock.ts'
import { cursorThrough } from '../../src/core/cursor.ts'
import { type Milliseconds, milliseconds } from '../../src/core/instant.ts'
import type { MessageOccurrence, TaskMessage } from '../../src/task/task-message.ts'
import { connectAmqp } from '../support/amqp-broker-world.ts'
import { AmqpTermWorld, type LeadChange } from '../support/amqp-term-world.ts'
import { eventually } from '../support/eventually.ts'
import { fastClock } from '../support/fast-clock.ts'
import { instead } from '../support/instead.ts'
import { aMessage, anOccurrence, soon } from '../support/messages.ts'
import { useRabbitmq } from '../support/rabbitmq.ts'

const rabbitmq = useRabbitmq()
const theirs = 'celery'
const typeOf = (queue: string) => (queue === theirs ? 'existing' : 'quorum')
/** Looks four times a second whether their queue is there. */
const clock = fastClock(20)
const forCelery = (entry: string, change: Partial<MessageOccurrence> = {}): TaskMessage =>
  anOccurrence(entry, change, { queue: theirs })
const emission = (...messages: TaskMessage[]): Emission => ({
  messages,
  replacements: [],
  revocations: [],
  cursor: cursorThrough(soon(0)),
})

/** Where `celery` is a queue of others, whom the test stands for. */
class ParkingWorld extends AmqpTermWorld {
  readonly events: BrokerEvent[] = []
  readonly missed: NotHandedOn[] = []

  leadHere(change: LeadChange = {}): Promise<AmqpTerm> {
    return this.lead({
      heartbeat: milliseconds(100_000_000),
      parts: { clock, plan: { hold: milliseconds(60_000), typeOf } },
      emit: (event) => this.events.push(event),
      missed: async (missed) => void this.missed.push(...missed),
      ...change,
    })
  }

  async declareTheirs(args: Record<string, string | number> = {}, name = theirs): Promise<void> {
    const session = await this.session()
    await session.apart('declare', (channel) =>
      channel.declareQueue({ name, durable: true, arguments: args }),
    )
  }

  /** The ids of the next messages that their queue is sent. */
  async arrivals(count: number, queue = theirs): Promise<string[]> {
    const channel = await (await this.session()).openChannel({ confirm: false, prefetch: 0 })
    const ids: string[] = []
    const subscription = await channel.consume(queue, {}, (incoming) => {
      ids.push(String(incoming.headers.id))
      channel.ack(incoming)
    })
    await eventually(`${count} have arrived`, () => ids.length >= count)
    await subscription.cancel()
    return ids
  }

  /** Waits until so many are parked, or so many, all given back. */
  async untilParked(...counts: readonly number[]): Promise<void> {
    const session = await this.session()
    const look = () => session.apart('count', (channel) => channel.checkQueue(parkedQueue('main')))
    while (!counts.includes((await look())?.messages ?? 0)) await systemClock.sleep(milliseconds(20))
  }

  told(kind: BrokerEvent['kind']): BrokerEvent[] {
    return this.events.filter((event) => event.kind === kind)
  }
}
const openWorld = async (): Promise<ParkingWorld> => new ParkingWorld(await rabbitmq.url())

test('a queue of others that is not there holds up nobody else', async () => {
  const world = await openWorld()
  const term = await world.leadHere()
  const ours = anOccurrence('ours')
  const first = emission(forCelery('theirs'), ours)
  await term.emit(first)
  expect(term.cursor).toEqual(first.cursor)
  expect(await world.drain()).toEqual([ours.id])
  await term.emit(emission(forCelery('theirs')))
  expect(world.events).toEqual([
    { kind: 'queueTookNothing', queue: theirs, reason: 'is declared by others, and does not exist' },
  ])
  expect(term.lost.aborted).toBe(false)
})

test('what was due there arrives when it is there, once', async () => {
  const world = await openWorld()
  const term = await world.leadHere()
  const messages = Array.from({ length: 250 }, (_, index) => forCelery(`entry-${index}`))
  const again = messages.slice(0, 10) // of an emission that was not committed
  await term.emit(emission(...messages))
  await term.emit(emission(...again))
  await world.untilParked(messages.length, messages.length + again.length) // a new leader looks through what is parked
  await world.declareTheirs()
  const arrived = await world.arrivals(messages.length)
  expect(arrived.toSorted()).toEqual(messages.map(({ id }) => id).toSorted())
  await eventually('all are confirmed', () => world.told('queueTookAgain').length > 0)
  await world.untilParked(0)
  expect(await world.countReady(theirs)).toBe(0)
  expect(world.told('queueTookAgain')).toEqual([{ kind: 'queueTookAgain', queue: theirs, sent: 250 }])
  const next = forCelery('next')
  await term.emit(emission(next))
  expect(await world.arrivals(1)).toEqual([next.id])
})

test('what arrives there is what was emitted', async () => {
  const world = await openWorld()
  const term = await world.leadHere()
  const eta = soon(60_000)
  const message = anOccurrence(
    'full',
    { stamp: { epoch: 3, seq: 7 }, startBy: soon(90_000), overlap: 'queue' },
    { queue: theirs, eta, args: [1, 'zwei'], kwargs: { drei: null }, priority: 7, expires: soon(120_000) },
  )
  await term.emit(emission(message))
  await world.declareTheirs()
  await eventually('it was sent on', () => world.told('queueTookAgain').length === 1)
  await term.emit(emission(message))
  const channel = await (await world.session()).openChannel({ confirm: false, prefetch: 0 })
  const [parked, direct] = [await channel.get(theirs), await channel.get(theirs)]
  const { hold: _hold, ...sent } = { hold: undefined, ...direct }
  expect(parked).toMatchObject({ ...sent, routingKey: theirs })
  expect(Object.keys(parked?.headers ?? {}).toSorted()).toEqual(Object.keys(direct?.headers ?? {}).toSorted())
})

test('what may not start any more is told as missed, and not sent', async () => {
  const world = await openWorld()
  const term = await world.leadHere()
  const lasting = forCelery('lasting')
  const dues = [soon(-2_000), soon(-1_000)] as const
  const brief = dues.map((due) => forCelery('brief', { due, startBy: soon(200) }))
  const expired = anOccurrence('expired', {}, { queue: theirs, expires: soon(200) })
  await term.emit(emission(...brief, expired, lasting))
  await eventually('they are told', () => world.missed.length === 2)
  const what = { exact: true, reason: 'queueTookNothing' }
  expect(world.missed).toMatchObject([
    { entry: 'brief', first: dues[0], last: dues[1], count: 2, ...what },
    { entry: 'expired', count: 1, ...what },
  ])
  await world.declareTheirs()
  expect(await world.arrivals(1)).toEqual([lasting.id])
  await world.untilParked(0)
  expect(await world.countReady(theirs)).toBe(0)
})

test('the next leader sends what waits', async () => {
  const world = await openWorld()
  const [first, second] = [forCelery('first'), forCelery('second')]
  const former = await world.leadHere()
  await former.emit(emission(first, second))
  await former.resign()
  const events: BrokerEvent[] = []
  await world.leadHere({ host: 'two', emit: (event) => events.push(event) })
  await eventually('it knows', () => events.length > 0)
  expect(events).toMatchObject([{ kind: 'queueTookNothing', queue: theirs }])
  await world.declareTheirs()
  expect((await world.arrivals(2)).toSorted()).toEqual([first.id, second.id].toSorted())
  await world.untilParked(0)
})

test('the leader that follows one that was killed sends what waits', async () => {
  const world = await openWorld()
  const message = forCelery('tick')
  const leader = world.start('park', { message, queue: theirs })
  await leader.line()
  await leader.kill()
  await world.declareTheirs()
  await world.leadHere({ host: 'two' })
  expect(await world.arrivals(1)).toEqual([message.id])
})

test('what was revoked while it waited is not sent, by this leader or the next', async () => {
  const world = await openWorld()
  const former = await world.leadHere()
  const stamp = former.stamp
  const [early, late, kept] = ['early', 'late', 'kept'].map((entry) => forCelery(entry, { stamp }))
  if (!early || !late || !kept) throw new Error('three were made')
  await former.emit(emission(early, late, kept))
  const revoking = (...messages: TaskMessage[]): Emission => ({
    ...emission(),
    revocations: messages.map(({ id }) => ({ id, until: soon(60_000) })),
  })
  await former.emit(revoking(early))
  await world.untilParked(2)
  await former.emit(revoking(late))
  await former.resign()
  await world.declareTheirs()
  await world.leadHere({ host: 'two' })
  expect(await world.arrivals(1)).toEqual([kept.id])
  await world.untilParked(0)
  expect(await world.countReady(theirs)).toBe(0)
})

test('what is emitted again after it was revoked is sent', async () => {
  const world = await openWorld()
  const term = await world.leadHere()
  const message = forCelery('back', { stamp: term.stamp })
  await term.emit(emission(message))
  await term.emit({ ...emission(), revocations: [{ id: message.id, until: soon(60_000) }] })
  const { occurrence } = message
  if (!occurrence) throw new Error('it is an occurrence')
  await term.emit(emission({ ...message, occurrence: { ...occurrence, stamp: term.stamp } }))
  await world.declareTheirs()
  expect(await world.arrivals(1)).toEqual([message.id])
})

test.for([theirs, 'ours'])(
  'the queue %s, when it is full, holds up no other, and gets what waited when there is room',
  async (queue) => {
    const world = await openWorld()
    await world.declareTheirs({ 'x-max-length': 1, 'x-overflow': 'reject-publish' }, queue)
    const term = await world.leadHere()
    const messages = ['first', 'second', 'third'].map((entry) => anOccurrence(entry, {}, { queue }))
    await term.emit(emission(...messages))
    await term.emit(emission(anOccurrence('other')))
    expect(world.events).toMatchObject([
      { kind: 'queueTookNothing', queue, reason: expect.stringMatching(/^takes nothing/) },
    ])
    expect((await world.arrivals(3, queue)).toSorted()).toEqual(messages.map(({ id }) => id).toSorted())
  },
)

test('what a channel goes on refusing arrives on another', async () => {
  const world = await openWorld()
  // As RabbitMQ 3.10 does with a queue whose leader had just died with its node when this channel first wrote to it.
  let isWithoutLeader = true
  const refused = { kind: 'refused', reason: 'its leader was away' } as const
  const term = await world.leadHere({
    around: (session) =>
      instead(session, 'openChannel', async (options) => {
        const channel = await session.openChannel(options)
        let refuses = false
        return instead(channel, 'publish', async (outgoing) => {
          if (outgoing.routingKey !== 'taskbeat') return channel.publish(outgoing)
          refuses ||= isWithoutLeader
          return refuses ? refused : channel.publish(outgoing)
        })
      }),
  })
  const [first, second] = [anOccurrence('first'), anOccurrence('second')]
  await term.emit(emission(first))
  isWithoutLeader = false
  await term.emit(emission(second))
  expect((await world.arrivals(2, 'taskbeat')).toSorted()).toEqual([first.id, second.id].toSorted())
  expect(world.missed).toEqual([])
})

test('what is parked is found at once, though its queue goes on refusing a channel', async () => {
  const world = await openWorld()
  const endless: typeof clock = {
    ...clock,
    sleep: (length, signal) => clock.sleep(length > 30_000 ? milliseconds(1e9) : length, signal),
  }
  let marks = 0
  const term = await world.leadHere({
    parts: { clock: endless, plan: { hold: milliseconds(60_000), typeOf } },
    around: (session) =>
      instead(session, 'openChannel', async (options) => {
        const channel = await session.openChannel(options)
        let refuses = false
        return instead(channel, 'publish', async (outgoing) => {
          refuses ||= outgoing.headers.taskbeat_parked_mark === true && marks++ === 0
          return refuses ? { kind: 'refused', reason: 'its leader was away' } : channel.publish(outgoing)
        })
      }),
  })
  const message = forCelery('parked')
  await eventually('the leader looks', () => marks > 0)
  await term.emit(emission(message))
  await world.declareTheirs()
  expect(await world.arrivals(1)).toEqual([message.id])
})

test('so many wait and no more: the rest is told as missed', async () => {
  const world = await openWorld()
  const term = await world.leadHere()
  const many = Array.from({ length: 10_000 }, (_, index) => forCelery(`entry-${index % 100}`))
  await term.emit(emission(...many))
  await term.emit(emission(forCelery('late'), anOccurrence('ours')))
  expect(world.missed).toMatchObject([{ entry: 'late', count: 1, reason: 'tooManyParked' }])
  await world.declareTheirs()
  expect(new Set(await world.arrivals(10_000)).size).toBe(10_000)
})

test('what was forged is told and removed; the sound is sent', async () => {
  const world = await openWorld()
  const term = await world.leadHere()
  const message = forCelery('sound')
  const channel = await (await world.session()).openChannel({ confirm: true, prefetch: 0 })
  const routingKey = parkedQueue('main')
  for (const headers of [{}, { taskbeat_parked_for: theirs }])
    await channel.publish({ exchange: '', routingKey, body: Buffer.from('[]'), headers })
  await term.emit(emission(message))
  await world.declareTheirs()
  expect(await world.arrivals(1)).toEqual([message.id])
  await world.untilParked(0)
  expect(world.told('messageUndecodable')).toHaveLength(2)
})

test('a leader asks the broker nothing while nothing waits', async () => {
  const world = await openWorld()
  let asked = 0
  let looks = 0
  const monotonic = (): Milliseconds => {
    looks++
    return clock.monotonic()
  }
  const term = await world.leadHere({
    parts: { clock: { ...clock, monotonic }, plan: { hold: milliseconds(60_000), typeOf } },
    around: (session) =>
      instead(session, 'apart', (operation, run) => {
        asked++
        return session.apart(operation, run)
      }),
  })
  await term.emit(emission(forCelery('tick', { startBy: soon(100) })))
  await eventually('it has given up what waited', () => world.missed.length === 1)
  await world.untilParked(0)
  await term.emit(emission())
  const [askedBefore, looksBefore] = [asked, looks]
  await eventually('some time has passed', () => looks > looksBefore + 100)
  expect(asked).toBe(askedBefore)
})

test('who sends to a queue of others that is not there is told its name', async () => {
  const broker = connectAmqp(await rabbitmq.url(), { typeOf, queues: [theirs] })
  await expect(broker.publish([aMessage({ queue: theirs })])).rejects.toMatchObject({
    code: 'BROKER_UNAVAILABLE',
    message: 'queue celery is declared by others (type: existing), and nobody has yet',
  })
})
