import { expect, test } from 'vitest'
import { dueExchange, ladderQueues, ladderStep, ladderSteps } from '../../src/amqp/ladder.ts'
import { laneQueue, laneQueues, planTopology } from '../../src/amqp/topology.ts'
import { milliseconds } from '../../src/core/instant.ts'

const all = planTopology({
  queues: [
    { name: 'work', type: 'quorum' },
    { name: 'fast', type: 'classic' },
    { name: 'celery', type: 'existing' },
  ],
  group: 'main',
  instance: 'host-1',
})
const named = (name: string) => all.queues.find((queue) => queue.name === name)
const argumentsOf = (name: string) => named(name)?.arguments ?? {}

test('work is in a quorum queue that gives its dead to their own', () => {
  expect(named('work')).toEqual({
    name: 'work',
    durable: true,
    arguments: {
      'x-queue-type': 'quorum',
      'x-delivery-limit': 200,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': 'work.dead',
      'x-dead-letter-strategy': 'at-least-once',
      'x-overflow': 'reject-publish',
    },
  })
})

test('every queue says its type, and every quorum queue that is consumed a positive delivery limit', () => {
  for (const { name, arguments: args } of all.queues) {
    expect(['quorum', 'classic'], name).toContain(args['x-queue-type'])
    if (args['x-queue-type'] === 'quorum' && !/^taskbeat\.(delay|stray)\./.test(name))
      expect(args['x-delivery-limit'], name).toBeGreaterThanOrEqual(200)
  }
})

test('dead-lettering from a quorum queue is at least once: strategy, overflow and exchange are all said', () => {
  for (const { name, arguments: args } of all.queues) {
    if (!('x-dead-letter-exchange' in args) || args['x-queue-type'] === 'classic') continue
    expect(args, name).toMatchObject({
      'x-dead-letter-strategy': 'at-least-once',
      'x-overflow': 'reject-publish',
    })
  }
})

test('what dead letters go to is declared before what they come from', () => {
  const names = all.queues.map(({ name }) => name)
  for (const { name, arguments: args } of all.queues) {
    const target = args['x-dead-letter-routing-key']
    if (typeof target !== 'string' || all.foreign.includes(target)) continue
    expect(names.indexOf(target), `${name} → ${target}`).toBeGreaterThanOrEqual(0)
    expect(names.indexOf(target)).toBeLessThan(names.indexOf(name))
  }
})

test('a queue of others is not declared; what stands beside it is, without lanes', () => {
  expect(all.foreign).toEqual(['celery'])
  expect(all.queues.map(({ name }) => name).filter((name) => name.startsWith('celery'))).toEqual([
    'celery.dead',
    'celery.eta',
    'celery.running.host-1',
  ])
})

test('a classic queue has no argument that classic queues refuse', () => {
  for (const name of ['fast', 'fast.eta'])
    expect(Object.keys(argumentsOf(name))).toEqual([
      'x-queue-type',
      'x-dead-letter-exchange',
      'x-dead-letter-routing-key',
    ])
  expect(argumentsOf('fast.lane.0')).toMatchObject({
    'x-queue-type': 'quorum',
    'x-single-active-consumer': true,
  })
})

test('dead letters are bounded in number and age, and survive being read again and again', () => {
  expect(argumentsOf('work.dead')).toMatchObject({
    'x-max-length': 10_000,
    'x-message-ttl': 14 * 86_400_000,
    'x-overflow': 'drop-head',
    'x-delivery-limit': 1_000_000,
  })
  expect(argumentsOf('work.dead')).not.toHaveProperty('x-dead-letter-exchange')
})

test('long runs go back to their queue ten seconds after their worker', () => {
  expect(argumentsOf('work.running.host-1')).toMatchObject({
    'x-message-ttl': 10_000,
    'x-expires': 86_400_000,
    'x-dead-letter-routing-key': 'work',
  })
  const without = planTopology({ queues: [{ name: 'work', type: 'quorum' }] })
  expect(without.queues.filter(({ name }) => /running|baton/.test(name))).toEqual([])
})

test('the baton is held by one consumer, and one that is lost is kept', () => {
  expect(argumentsOf('taskbeat.main.baton.v1')).toMatchObject({
    'x-single-active-consumer': true,
    'x-delivery-limit': 1_000,
    'x-dead-letter-routing-key': 'taskbeat.main.baton.lost',
  })
})

test('what queues of others do not take is parked without an end of its own, however often it is looked through', () => {
  expect(argumentsOf('taskbeat.main.parked.v1')).toEqual({
    'x-queue-type': 'quorum',
    'x-delivery-limit': 100_000_000,
  })
  const without = planTopology({ queues: [{ name: 'celery', type: 'existing' }] })
  expect(without.queues.filter(({ name }) => name.includes('parked'))).toEqual([])
})

test('an entry has the same lane everywhere, and entries spread over all lanes', () => {
  expect(laneQueue('work', 'nightly')).toBe('work.lane.10')
  const lanes = new Set(Array.from({ length: 500 }, (_, n) => laneQueue('work', `entry-${n}`)))
  expect([...lanes].sort()).toEqual([...laneQueues('work')].sort())
})

test('each step of the ladder has one TTL that RabbitMQ takes, and keeps the routing key', () => {
  const steps = ladderQueues.filter(({ name }) => name.startsWith('taskbeat.delay.'))
  expect(steps.map(({ name }) => name)).toEqual(ladderSteps.map(({ name }) => name))
  for (const { name, arguments: args } of steps) {
    expect(args['x-message-ttl'], name).toBeLessThan(2 ** 32)
    expect(args).toMatchObject({ 'x-dead-letter-exchange': dueExchange })
    expect(args).not.toHaveProperty('x-dead-letter-routing-key')
    expect(all.bindings).toContainEqual({ queue: name, exchange: name, routingKey: '' })
  }
})

test('every queue that waits for an ETA is bound to what comes off the ladder, and the rest goes astray and not in the way', () => {
  const bound = all.bindings.filter(({ exchange }) => exchange === dueExchange).map(({ queue }) => queue)
  const waiting = all.queues.map(({ name }) => name).filter((name) => /\.eta$|\.lane\.\d+$/.test(name))
  expect(new Set(bound)).toEqual(new Set(waiting))
  expect(all.exchanges.find(({ name }) => name === dueExchange)?.alternate).toBe('taskbeat.stray.v1')
  expect(all.queues.map(({ name }) => name)).toContain('taskbeat.stray.v1')
})

test('a step is the longest that is not too long', () => {
  const secondsFor = (ms: number) => ladderStep(milliseconds(ms))?.seconds
  expect(secondsFor(9_999)).toBeUndefined()
  expect(secondsFor(10_000)).toBe(10)
  expect(secondsFor(29_999)).toBe(10)
  expect(secondsFor(3_600_000)).toBe(3_600)
  expect(secondsFor(10 * 365 * 86_400_000)).toBe(4_147_200)
})

test('a message takes few hops to within a minute of its ETA, however far it is', () => {
  const hopsFor = (ms: number): number => {
    let hops = 0
    for (let rest = ms; rest > 60_000; hops++) rest -= (ladderStep(milliseconds(rest))?.seconds ?? 1) * 1_000
    return hops
  }
  expect(hopsFor(10 * 60_000)).toBe(2)
  for (const [longest, most] of [
    [3_600, 9],
    [86_400, 15],
    [48 * 86_400, 23],
  ] as const)
    for (let seconds = 61; seconds <= longest; seconds += Math.ceil(longest / 5_000))
      expect(hopsFor(seconds * 1_000), `${seconds} s`).toBeLessThanOrEqual(most)
})
