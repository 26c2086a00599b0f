import { describe, expect, onTestFinished, test } from 'vitest'
import type { AmqpBrokerOptions } from '../../src/amqp/amqp-broker.ts'
import { statusMethod } from '../../src/amqp/amqp-status.ts'
import { openControlListener } from '../../src/amqp/control-listener.ts'
import { compareDigests, readDigest, toDigest } from '../../src/amqp/schedule-digest.ts'
import type { Broker } from '../../src/broker/broker.ts'
import type { Candidate, ScheduleInForce } from '../../src/broker/term.ts'
import { systemClock } from '../../src/core/clock.ts'
import { connectAmqp } from '../support/amqp-broker-world.ts'
import { openTestLink } from '../support/amqp-world.ts'
import { expectTook } from '../support/expect-took.ts'
import { Inbox } from '../support/inbox.ts'
import { aMessage, soon } from '../support/messages.ts'
import { useRabbitmq } from '../support/rabbitmq.ts'
import { RabbitmqNode } from '../support/rabbitmq-node.ts'

const rabbitmq = useRabbitmq()
const scheduleOf = (hash: string, entries: Record<string, string>): ScheduleInForce => ({
  hash,
  entries: new Map(Object.entries(entries).map(([name, each]) => [name, { hash: each }])),
})

/** A beat that leads its group, or stands by. */
function stand(
  url: string,
  host: string,
  schedule: ScheduleInForce,
  change: Partial<Candidate & AmqpBrokerOptions> = {},
): { broker: Broker; term: ReturnType<Broker['lead']> } {
  const over = new AbortController()
  const broker = connectAmqp(url, { host })
  const candidate = { group: change.group ?? 'main', host, pid: 7, scheduleHash: schedule.hash }
  const term = broker.lead({ ...candidate, schedule: () => schedule }, over.signal)
  term.catch(() => {}) // it never led
  onTestFinished(() => over.abort())
  return { broker, term }
}

describe('the status', () => {
  test('shows who stands by, and how its schedule differs from the leader’s', async () => {
    const url = await rabbitmq.url()
    const leaders = scheduleOf('h1', { kept: 'a', edited: 'b', gone: 'c' })
    await stand(url, 'oak', leaders).term
    stand(url, 'elm', scheduleOf('h2', { kept: 'a', edited: 'B', extra: 'd' }))
    stand(url, 'ash', leaders)
    const broker = connectAmqp(url)
    await expect.poll(async () => (await broker.status()).beats.length, { timeout: 30_000 }).toBe(3)
    const { beats } = await broker.status()
    const of = (host: string) => beats.find((beat) => beat.host === host)
    expect(of('oak')).toMatchObject({ leads: true, scheduleHash: 'h1' })
    expect(of('ash')).toEqual({ group: 'main', host: 'ash', pid: 7, leads: false, scheduleHash: 'h1' })
    expect(of('elm')).toMatchObject({
      leads: false,
      scheduleHash: 'h2',
      difference: { added: ['extra'], removed: ['gone'], changed: ['edited'] },
    })
  })

  test('shows the schedule of a standby as it is now, not as it was when it began to wait', async () => {
    const url = await rabbitmq.url()
    await stand(url, 'oak', scheduleOf('h1', {})).term
    let schedule = scheduleOf('h1', {})
    const over = new AbortController()
    onTestFinished(() => over.abort())
    const candidate = { group: 'main', host: 'elm', pid: 7, scheduleHash: 'h1' }
    const waiting = connectAmqp(url).lead({ ...candidate, schedule: () => schedule }, over.signal)
    waiting.catch(() => {}) // it never led
    const broker = connectAmqp(url)
    const hashes = async () => (await broker.status()).beats.map((beat) => beat.scheduleHash).sort()
    await expect.poll(hashes, { timeout: 30_000 }).toEqual(['h1', 'h1'])
    schedule = scheduleOf('h2', {})
    expect(await hashes()).toEqual(['h1', 'h2'])
  })

  test('shows the leaders of other groups of the vhost', async () => {
    const url = await rabbitmq.url()
    await stand(url, 'oak', scheduleOf('h1', {})).term
    await stand(url, 'elm', scheduleOf('h2', {}), { group: 'second' }).term
    const { leaders } = await connectAmqp(url).status()
    expect(leaders.map(({ group, host }) => [group, host]).sort()).toEqual([
      ['main', 'oak'],
      ['second', 'elm'],
    ])
  })

  test('tells of a worker how many runs execute, as it says itself', async () => {
    const broker = connectAmqp(await rabbitmq.url())
    await broker.publish([aMessage(), aMessage()])
    const inbox = new Inbox()
    const intake = { queues: ['taskbeat'], slots: 3, executing: () => 1 }
    const consumer = broker.consume({ ...intake, deliver: inbox.deliver })
    onTestFinished(() => consumer.stop())
    await inbox.take(2)
    expect(await broker.status()).toMatchObject({ queues: [{ running: 2 }], workers: [{ running: 1 }] })
  })

  test('waits for those that are known to be there, and not longer', async () => {
    const url = await rabbitmq.url()
    await stand(url, 'oak', scheduleOf('h1', {})).term
    const worker = connectAmqp(url).consume({ queues: ['taskbeat'], slots: 1, deliver: () => {} })
    onTestFinished(() => worker.stop())
    const broker = connectAmqp(url)
    await expect.poll(async () => (await broker.status()).workers.length, { timeout: 30_000 }).toBe(1)
    const durations: number[] = []
    for (let count = 0; count < 5; count++) {
      const begun = performance.now()
      expect(await broker.status()).toMatchObject({ beats: [{ host: 'oak' }], workers: [{ slots: 1 }] })
      durations.push(performance.now() - begun)
    }
    expectTook(Math.min(...durations), 1_900) // the patience with those that do not answer is longer
  })

  test('takes no notice of answers that are none, nor takes long over those that name what is not there', async () => {
    const url = await rabbitmq.url()
    await stand(url, 'oak', scheduleOf('h1', {})).term
    const beat = { group: 'main', host: 'elm', pid: 8, leads: false, scheduleHash: 'h2' }
    const worker = {
      instance: 'i',
      host: 'elm',
      pid: 8,
      since: 1,
      queues: [],
      slots: 1,
      running: 0,
      held: [],
    }
    const names = Array.from({ length: 1_000 }, (_, n) => `not-there-${n}`)
    const groups = names.slice(0, 100).flatMap((group) => [
      { ...beat, group, leads: true },
      { ...beat, group, scheduleHash: 'h3' },
    ])
    const none = { leaders: [], beats: [], workers: [] }
    const answers: readonly unknown[] = [
      7,
      { ...none, workers: [{ queues: [], held: [] }] },
      { ...none, workers: [{ ...worker, since: 1e300 }] },
      { ...none, workers: [{ ...worker, host: 'x'.repeat(100_000) }] },
      { ...none, workers: [{ ...worker, queues: [7] }] },
      { ...none, workers: [{ ...worker, held: [{ queue: 'taskbeat', running: 'many' }] }] },
      { ...none, leaders: [{ group: 'main' }] },
      { ...none, beats: [{ ...beat, pid: '8' }] },
      { ...none, beats: groups, workers: [{ ...worker, instance: 'real', queues: names }] },
    ]
    const session = await openTestLink(url).link.session(new AbortController().signal)
    for (const [index, answer] of answers.entries())
      await openControlListener(session, {
        node: `elm-${index}`,
        clock: systemClock,
        methods: { [statusMethod]: () => answer },
      })
    const broker = connectAmqp(url)
    await broker.publish([aMessage()]) // connected
    const begun = performance.now()
    const status = await broker.status()
    expectTook(performance.now() - begun, 8_000)
    expect(status.leaders).toMatchObject([{ host: 'oak' }])
    expect(status.beats.filter(({ group }) => group === 'main')).toMatchObject([{ host: 'oak' }])
    expect(status.workers).toMatchObject([{ instance: 'real' }])
    expect(status.queues).toMatchObject([{ name: 'taskbeat', ready: 1 }])
  })

  test('counts what waits on the ladder apart, for no queue knows it yet', async () => {
    const broker = connectAmqp(await rabbitmq.url())
    await broker.publish([aMessage({ eta: soon(3_600_000) }), aMessage({ eta: soon(7_200_000) })])
    await expect.poll(async () => (await broker.status()).delayed, { timeout: 30_000 }).toBe(2)
    expect((await broker.status()).queues).toEqual([])
  })

  test('of a broker with an alarm says that nobody can answer', async () => {
    const node = await RabbitmqNode.start()
    onTestFinished(() => node[Symbol.asyncDispose]())
    const url = `amqp://guest:guest@${node.host}:${node.port}`
    await stand(url, 'oak', scheduleOf('h1', {})).term
    await node.setAlarm()
    const broker = connectAmqp(url)
    const begun = performance.now()
    expect(await broker.status()).toMatchObject({ takesNothing: true, beats: [] })
    await expect(broker.status()).rejects.toThrow('takes no messages at present')
    expectTook(performance.now() - begun, 10_000)
    await expect(connectAmqp(url).publish([aMessage()])).rejects.toThrow('has taken no messages for 5.0s')
  })
})

describe('a schedule told to others', () => {
  test('reads the same again, and is not told when it is too large', () => {
    const digest = readDigest(toDigest(scheduleOf('h', { a: '0123456789abcdef', b: 'x' })))
    expect(digest).toEqual(
      new Map([
        ['a', '0123456789ab'],
        ['b', 'x'],
      ]),
    )
    const many = Object.fromEntries(Array.from({ length: 2_001 }, (_, n) => [`e${n}`, 'h']))
    expect(toDigest(scheduleOf('h', many))).toBeNull()
  })

  test.each([[null], [{}], [[['a']]], [[['a', 1]]], [[['a\u001b[31m', 'h']]], [[['x'.repeat(201), 'h']]]])(
    '%j is none',
    (value) => {
      expect(readDigest(value)).toBeUndefined()
    },
  )

  test('differs from the leader’s by name', () => {
    const leaders = new Map([
      ['a', '1'],
      ['b', '1'],
    ])
    const theirs = new Map([
      ['b', '2'],
      ['c', '1'],
    ])
    expect(compareDigests(leaders, theirs)).toEqual({ added: ['c'], removed: ['a'], changed: ['b'] })
  })
})
