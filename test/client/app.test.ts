import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Broker } from '../../src/broker/broker.ts'
import { type App, ConnectedApp } from '../../src/client/app.ts'
import { queueNameProblem } from '../../src/config/queue-name.ts'
import { systemClock } from '../../src/core/clock.ts'
import { defineTask, Permanent } from '../../src/index.ts'
import { connectSqlite } from '../support/sqlite-world.ts'
import { aModuleTask, registryOf } from '../support/tasks.ts'
import { openWorkerWorld } from '../support/worker-world.ts'

const add = defineTask('add', (_ctx, x: number, y: number) => x + y)
const greet = defineTask('greet', async (_ctx, greeting: string, { name }: { name: string }) => ({
  said: `${greeting}, ${name}`,
}))
const echo = defineTask('echo', (_ctx, value) => value)
const nothing = defineTask('nothing', () => {})
const endless = defineTask('endless', () => 2n ** 64n)
const unlucky = defineTask('unlucky', () => {
  throw new RangeError('out of\nluck')
})
const hopeless = defineTask('hopeless', () => {
  throw new Permanent('no use')
})
const flaky = defineTask('flaky', (ctx) => (ctx.attempt < 3 ? ctx.retry({ delay: '10ms' }) : ctx.attempt))
const patient = defineTask('patient', async ({ signal }) => {
  await new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('told to end')))
  })
})
const retried = { max: 5, backoff: { firstMs: 1, factor: 1, longestMs: 1, jitter: 'none' } } as const

/** An application beside a worker, each with a connection of its own. */
async function openApp(): Promise<App & { readonly broker: Broker }> {
  const world = openWorkerWorld({
    registry: registryOf(
      ...[add, greet, echo, nothing, endless, unlucky, hopeless, patient].map((task) =>
        aModuleTask(task as typeof nothing),
      ),
      aModuleTask(flaky, { retry: retried }),
    ),
  })
  await world.worker.start()
  const broker = connectSqlite(join(world.directory, 'broker.db'))
  const app = new ConnectedApp({
    broker,
    clock: systemClock,
    queueOf: () => undefined,
    queueProblem: queueNameProblem,
  })
  onTestFinished(() => app.close())
  return Object.assign(app as unknown as App, { broker })
}

test('a task is sent, run by a worker, and its result fetched', async () => {
  const app = await openApp()
  const run = await app.send(add, [4, 4])
  expect(await run.result({ timeout: '10s' })).toBe(8)
  expect(await run.status()).toEqual({ state: 'ended', outcome: 'succeeded' })
  expect(await app.result(run.id)).toBe(8)
})

test('keyword arguments are the last argument, given as one or by name', async () => {
  const app = await openApp()
  const positional = await app.send(greet, ['hi', { name: 'Ann' }])
  const named = await app.send(greet, ['hi'], { kwargs: { name: 'Bob' } })
  expect(await positional.result()).toEqual({ said: 'hi, Ann' })
  expect(await named.result()).toEqual({ said: 'hi, Bob' })
})

test('a task that returns nothing has undefined as its result', async () => {
  const app = await openApp()
  expect(await (await app.send(nothing)).result()).toBeUndefined()
})

test('asking for a result that cannot be kept says why, of a run that has succeeded', async () => {
  const app = await openApp()
  const run = await app.send(endless)
  await expect(run.result({ timeout: '10s' })).rejects.toMatchObject({
    code: 'RESULT_DROPPED',
    message: expect.stringMatching(/^endless \(\S+\) has succeeded, but its result is not JSON: .*BigInt/),
  })
  await expect(app.result(run.id)).rejects.toMatchObject({ message: expect.stringContaining(run.id) })
  expect(await run.status()).toEqual({ state: 'ended', outcome: 'succeeded' })
})

test("asking for the result of a run that failed throws the task's error", async () => {
  const app = await openApp()
  const run = await app.send(unlucky)
  await expect(run.result()).rejects.toMatchObject({
    name: 'TaskFailed',
    code: 'TASK_FAILED',
    message: 'out of\nluck',
    errorName: 'RangeError',
    outcome: 'failed',
    id: run.id,
  })
  await expect((await app.send(hopeless)).result()).rejects.toMatchObject({
    message: 'no use',
    errorName: 'Permanent',
  })
})

test('of a run with several attempts the last one counts', async () => {
  const app = await openApp()
  expect(await (await app.send(flaky)).result({ timeout: '10s' })).toBe(3)
})

test('who waits gives up after his timeout, and may wait again', async () => {
  const app = await openApp()
  const run = await app.send(add, [1, 2], { countdown: '400ms' })
  await expect(run.result({ timeout: '20ms' })).rejects.toMatchObject({
    code: 'RESULT_TIMEOUT',
    message: `there is no result of add (${run.id}) after 20ms`,
  })
  await expect(app.result(run.id, { timeout: '20ms' })).rejects.toMatchObject({
    message: `there is no result of ${run.id} after 20ms`,
  })
  expect(await run.status()).toEqual({ state: 'waiting' })
  expect(await run.result({ timeout: '10s' })).toBe(3)
})

test('who waits gives up when his signal says so', async () => {
  const app = await openApp()
  const run = await app.send(add, [1, 2], { countdown: '1h' })
  const reason = new Error('the visitor has gone')
  await expect(run.result({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
})

test('a run that executes is ended by its sender, and does not come again', async () => {
  const app = await openApp()
  const run = await app.send(patient)
  await expect.poll(() => run.status(), { timeout: 30_000 }).toEqual({ state: 'running' })
  expect(await run.cancel()).toBe('running')
  expect(await run.cancel({ abort: true })).toBe('aborted')
  await expect(run.result({ timeout: '10s' })).rejects.toMatchObject({ outcome: 'interrupted' })
  expect((await app.broker.status()).queues).toEqual([])
})

test('what expires before it could start says so', async () => {
  const app = await openApp()
  const run = await app.send(add, [1, 2], { eta: new Date(Date.now() + 50), expires: new Date() })
  await expect(run.result({ timeout: '10s' })).rejects.toMatchObject({ outcome: 'expired' })
})

test('a batch is sent at once, and each call has its run', async () => {
  const app = await openApp()
  const [sum, said] = await app.sendBatch([
    { task: add, args: [1, 2] },
    { task: greet, args: ['hi', { name: 'Eve' }], priority: 9 },
    { task: 'nothing' },
  ])
  expect(await sum.result()).toBe(3)
  expect((await said.result()).said).toBe('hi, Eve')
  const runs = await app.sendBatch([1, 2, 3].map((n) => ({ task: add, args: [n, n] as const })))
  expect(await Promise.all(runs.map((run) => run.result()))).toEqual([2, 4, 6])
  expect(await app.sendBatch([])).toEqual([])
})

test('a batch that is refused says which call is the cause', async () => {
  const app = await openApp()
  const calls = [1n, 2].map((n) => ({ task: 'add', args: [1, n] }))
  await expect(app.sendBatch(calls)).rejects.toMatchObject({
    name: 'BatchFailed',
    code: 'MESSAGE_REFUSED',
    message: expect.stringMatching(/^nothing of the batch was accepted, because of the call at index 0: \S/),
    refused: [{ index: 0 }],
    accepted: [],
  })
})

test('options that mean nothing are refused with what to write', async () => {
  const app = await openApp()
  const refused = (options: object, message: RegExp): Promise<void> =>
    expect(app.send('add', [1, 2], options)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(message),
    })
  await refused({ countdown: '10' }, /countdown.*write 10s/)
  await refused({ eta: '2027-01-01' }, /eta to be a Date/)
  await refused({ eta: new Date(Number.NaN) }, /got one that is none/)
  await refused({ eta: new Date(), countdown: '1s' }, /got both/)
  await refused({ expires: 'soon' }, /expires.*duration/)
  await refused({ coutdown: '1s' }, /the options of add among countdown, eta, .*, got coutdown$/)
  await expect(app.send('add', [1, 2], { priority: 12 })).rejects.toMatchObject({ code: 'MESSAGE_REFUSED' })
})

test('arguments that JSON would write as something else are refused with their place', async () => {
  const app = await openApp()
  const parent: Record<string, unknown> = {}
  parent.children = [{ parent }]
  for (const [value, got] of [
    [() => 1, 'a function at args[0]'],
    [Number.NaN, 'NaN at args[0]'],
    [undefined, 'undefined at args[0]'],
    [[1, undefined], 'undefined at args[0][1]'],
    [{ to: [{ amount: -Infinity }] }, '-Infinity at args[0].to[0].amount'],
    [{ 'the time': new Date(Number.NaN) }, 'a Date that is none at args[0]["the time"]'],
    [{ sum: Promise.resolve(1) }, 'a Promise at args[0].sum'],
    [new Map([['a', 1]]), 'a Map at args[0]'],
    [parent, 'a cycle at args[0].children[0].parent'],
  ] as const)
    await expect(app.send('add', [value])).rejects.toMatchObject({
      code: 'USAGE',
      message: `expected the arguments of add to be what JSON can hold, got ${got}`,
    })
  await expect(app.send('add', [], { kwargs: { by: { symbol: Symbol('x') } } })).rejects.toMatchObject({
    message: expect.stringMatching(/, got a symbol at kwargs\.by\.symbol$/),
  })
})

test('arguments travel as JSON writes them: a time as its text, and without what is undefined', async () => {
  const app = await openApp()
  const same = { shared: [1] }
  const written = { at: new Date(0), no: undefined, toJSON: undefined, twice: [same, same] }
  const run = await app.send('echo', [written])
  expect(await run.result()).toEqual({ at: '1970-01-01T00:00:00.000Z', twice: [same, same] })
})

test('a closed app sends nothing', async () => {
  const app = await openApp()
  await app.close()
  await app.close()
  await expect(app.send(add, [1, 2])).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' })
})

test('a queue that taskbeat makes itself is nobody else’s to send to', async () => {
  const app = await openApp()
  const refused = { code: 'USAGE', message: expect.stringMatching(/taskbeat\.dead.*holds dead letters/) }
  await expect(app.send(add, [4, 4], { queue: 'taskbeat.dead' })).rejects.toMatchObject(refused)
})
