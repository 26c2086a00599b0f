import { expect, test } from 'vitest'
import { CeleryApp, type Ran, tasksModule, useCelery } from '../support/celery.ts'
import { useRabbitmq } from '../support/rabbitmq.ts'
import { openWorld } from '../support/test-world.ts'
import type { World } from '../support/world.ts'

const rabbitmq = useRabbitmq()
useCelery()

interface Shop {
  readonly world: World
  readonly celery: CeleryApp
  readonly vhost: string
}

/** A Celery application and ours, on one broker. */
async function openShop(queues: string, schedules = ''): Promise<Shop> {
  const url = await rabbitmq.url()
  const world = openWorld()
  world.configure(
    `broker: { url: "${url}" }\nqueues: { celery: { type: existing } }\n` +
      `worker: { modules: [./tasks.ts], queues: ${queues} }\nschedules:\n${schedules || '  {}'}\n`,
  )
  world.write('tasks.ts', tasksModule)
  return { world, celery: new CeleryApp(world, url), vhost: new URL(url).pathname.slice(1) }
}

/** Runs a command of ours, and gives what it prints. */
async function shell(world: World, ...args: readonly string[]): Promise<string> {
  const command = world.start(...args, '--config', 'schedules.yaml')
  expect(await command.ended).toMatchObject({ code: 0 })
  return command.lines.join('\n')
}

/** Python that makes these calls and prints the id of each. */
function sends(calls: Readonly<Record<string, string>>): readonly string[] {
  return [
    'from datetime import datetime, timedelta, timezone',
    'now = datetime.now(timezone.utc)',
    'sent = {}',
    ...Object.entries(calls).map(([name, call]) => `sent["${name}"] = ${call}.id`),
    'print(json.dumps(sent))',
  ]
}

test('what a Python application sends is run here, with its arguments and never before its time', async () => {
  const { world, celery, vhost } = await openShop('[taskbeat, celery]')
  const first = await celery.call<string>('print(json.dumps(add.delay(4, 4).id))') // which declares the queue
  const worker = world.worker()
  await expect.poll(() => celery.ran(), { timeout: 30_000 }).toMatchObject([{ id: first, args: [4, 4] }])
  const before = Date.now()
  const ids = await celery.call<Record<string, string>>(
    ...sends({
      kwargs: 'add.apply_async(args=["héllo ☃ 𝄞"], kwargs={"y": {"a": [1, 2.5, None, True]}})',
      countdown: 'add.apply_async((1, 1), countdown=1.5)',
      eta: 'add.apply_async((2, 2), eta=now + timedelta(seconds=2))',
      expires: 'add.apply_async((3, 3), expires=30)',
      expired: 'add.apply_async((5, 5), countdown=2, expires=1)',
      ours: 'add.apply_async((6, 6), queue="taskbeat")',
      oursLater: 'add.apply_async((7, 7), queue="taskbeat", countdown=1.5)',
      fail: 'fail.apply_async(time_limit=300, headers={"tenant": 1000})',
      pickle: 'add.apply_async((8, 8), serializer="pickle")',
      chain: '(add.si(9, 9) | add.si(10, 10)).apply_async()',
    }),
  )
  const ran = (name: string): readonly Ran[] => celery.ran().filter(({ id }) => id === ids[name])
  await expect
    .poll(() => world.journal((journal) => journal.attempts(String(ids.expired))), { timeout: 30_000 })
    .toMatchObject([{ outcome: 'expired' }])
  const expected: readonly (readonly [string, readonly unknown[], object, number])[] = [
    ['kwargs', ['héllo ☃ 𝄞'], { y: { a: [1, 2.5, null, true] } }, 0],
    ['countdown', [1, 1], {}, 1_500],
    ['eta', [2, 2], {}, 2_000],
    ['expires', [3, 3], {}, 0],
    ['ours', [6, 6], {}, 0],
    ['oursLater', [7, 7], {}, 1_500],
    ['fail', [], {}, 0],
  ]
  await expect.poll(() => celery.ran().length, { timeout: 30_000 }).toBe(1 + expected.length)
  for (const [name, args, kwargs, wait] of expected) {
    expect(ran(name)).toMatchObject([{ by: 'taskbeat', args, kwargs, attempt: 1 }])
    expect((ran(name)[0]?.at ?? 0) - before).toBeGreaterThanOrEqual(wait)
  }
  expect(await worker.stop()).toMatchObject({ code: 0 })
  expect(await rabbitmq.node.queueCounts(vhost, 'celery')).toEqual({ ready: 0, unacknowledged: 0 })
  const list = await shell(world, 'dead', 'list', '--json')
  expect(
    JSON.parse(list)
      .map(({ reason }: { reason: string }) => reason)
      .toSorted(),
  ).toEqual([
    'it always does',
    'it cannot be decoded: it has a next step (chain), which is not supported yet',
    'it cannot be decoded: its content type is "application/x-python-serialize", expected application/json',
  ])
  await celery.worker('--pool', 'solo')
  await shell(world, 'dead', 'retry', String(ids.fail))
  await expect.poll(() => ran('fail'), { timeout: 30_000 }).toMatchObject([{}, { by: 'celery', attempt: 2 }])
})

test('what we send and emit to a queue of Celery its worker runs, with its arguments and never before its time', async () => {
  const soon = new Date(Date.now() + 8_000)
  const { world, celery } = await openShop(
    '[taskbeat]',
    `  pulse: { every: 1s, task: tasks.add, args: [pulse], queue: celery, missed: all, overlap: queue }
  once: { at: "${soon.toISOString()}", task: tasks.add, args: [once], kwargs: { "ключ": { a: [1, 2.5, null] } }, queue: celery, priority: 9 }
  brief: { every: 1s, task: tasks.add, args: [brief], queue: celery, expires: 10s, jitter: 500ms, overlap: allow }`,
  )
  const python = await celery.worker('--pool', 'solo')
  const beat = world.beat()
  await beat.said(/^leading/)
  const send = (...args: readonly string[]): Promise<string> =>
    shell(world, 'send', '--queue', 'celery', ...args)
  const before = Date.now()
  const ids = await Promise.all([
    send('tasks.add', '--args', '[4, 4]'),
    send('tasks.add', '--args', '["later"]', '--countdown', '2s'),
    send('tasks.add', '--args', JSON.stringify(['☃'.repeat(30_000)])),
    send('tasks.nobody', '--args', '["unknown to Celery too"]'),
  ])
  const ran = (word: unknown): readonly Ran[] => celery.ran().filter(({ args }) => args[0] === word)
  await expect.poll(() => ran('once').length, { timeout: 30_000 }).toBe(1)
  await expect.poll(() => ran('later').length, { timeout: 30_000 }).toBe(1)
  expect(await beat.stop()).toMatchObject({ code: 0 })
  expect(ran(4)).toMatchObject([{ by: 'celery', id: ids[0], args: [4, 4], kwargs: {}, attempt: 1 }])
  expect(ran('☃'.repeat(30_000))).toMatchObject([{ id: ids[2] }])
  expect(ran('later')[0]?.at).toBeGreaterThanOrEqual(before + 2_000)
  expect(ran('once')).toMatchObject([{ kwargs: { ключ: { a: [1, 2.5, null] } } }])
  expect(ran('once')[0]?.at).toBeGreaterThanOrEqual(soon.getTime())
  for (const word of ['pulse', 'brief']) {
    expect(ran(word).length).toBeGreaterThan(2)
    expect(new Set(ran(word).map(({ id }) => id)).size).toBe(ran(word).length)
  }
  const early = celery.ran().filter(({ eta, at }) => typeof eta === 'string' && at < Date.parse(eta))
  expect(early).toEqual([])
  expect(python.hasEnded).toBe(false)
})

test('a queue of Celery that its worker and ours share is worked off when ours is killed, each message by one of them', async () => {
  const { world, celery, vhost } = await openShop('[celery]')
  const python = await celery.worker('--pool', 'solo')
  python.signal('SIGSTOP') // until ours has died with some of them
  const calls = Array.from({ length: 40 }, (_, n) => [`n${n}`, `wait.delay(${n})`] as const)
  const ids = await celery.call<Record<string, string>>(...sends(Object.fromEntries(calls)))
  const first = world.worker()
  await expect.poll(() => celery.ran().length, { timeout: 30_000 }).toBeGreaterThan(15)
  const begun = new Set(celery.ran().map(({ id }) => id))
  await first.kill()
  python.signal('SIGCONT')
  const second = world.worker()
  // What the dead one held may be put off for a moment, and is in another queue then.
  await expect
    .poll(() => new Set(celery.ran().map(({ id }) => id)), { timeout: 30_000 })
    .toEqual(new Set(Object.values(ids)))
  const left = async (): Promise<object> => rabbitmq.node.queueCounts(vhost, 'celery')
  await expect.poll(left, { timeout: 30_000 }).toEqual({ ready: 0, unacknowledged: 0 })
  const runs = Map.groupBy(celery.ran(), ({ id }) => id)
  const again = [...runs].filter(([, all]) => all.length > 1).map(([id]) => id)
  expect(again.filter((id) => !begun.has(id))).toEqual([])
  expect(again.length).toBeLessThanOrEqual(10) // what it was executing
  expect(python.hasEnded).toBe(false)
  expect(await second.stop()).toMatchObject({ code: 0 })
})
