import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { milliseconds } from '../../src/core/instant.ts'
import { defineTask, Permanent, type TaskContext } from '../../src/index.ts'
import type { TaskDefinition } from '../../src/task/task-definition.ts'
import type { TaskMessage } from '../../src/task/task-message.ts'
import { InlineExecutor } from '../../src/worker/executors/inline-executor.ts'
import type { WorkerEvent } from '../../src/worker/worker-event.ts'
import { EventLog } from '../support/event-log.ts'
import { aMessage, anOccurrence } from '../support/messages.ts'
import { aModuleTask } from '../support/tasks.ts'

function begin(
  handler: (ctx: TaskContext, ...args: readonly unknown[]) => unknown,
  { message = aMessage(), ...change }: Partial<TaskDefinition> & { message?: TaskMessage } = {},
) {
  const interrupt = new AbortController()
  const kill = new AbortController()
  const log = new EventLog<WorkerEvent>()
  const task = aModuleTask(defineTask('demo', handler), change)
  const outcome = new InlineExecutor({ clock: systemClock }).run({
    task,
    message,
    interrupt: interrupt.signal,
    kill: kill.signal,
    emit: log.emit,
  })
  return { outcome, log, interrupt: () => interrupt.abort('the worker stopped'), kill: () => kill.abort() }
}

const run = (...args: Parameters<typeof begin>) => begin(...args).outcome

/** A handler that comes to no end. */
const forever = (): Promise<never> => new Promise(() => {})
const short = milliseconds(30)

describe('a handler', () => {
  test('gets positional arguments spread, and keyword arguments as one last object', async () => {
    const handler = (_ctx: TaskContext, ...args: readonly unknown[]) => args
    expect(await run(handler, { message: aMessage({ args: [4, 4] }) })).toEqual({
      kind: 'succeeded',
      result: [4, 4],
    })
    expect(await run(handler, { message: aMessage({ args: [1], kwargs: { to: 'x' } }) })).toEqual({
      kind: 'succeeded',
      result: [1, { to: 'x' }],
    })
  })

  test('is told what it runs for', async () => {
    const message = anOccurrence('nightly', {}, { task: 'demo', attempt: 2, queue: 'slow' })
    const seen: TaskContext[] = []
    await run((ctx) => void seen.push(ctx), { message })
    expect(seen[0]).toMatchObject({
      id: message.id,
      task: 'demo',
      entry: 'nightly',
      due: new Date(message.occurrence?.due ?? 0),
      attempt: 2,
      queue: 'slow',
    })
  })

  test('logs to the events and to what is kept of the run', async () => {
    const { outcome, log } = begin((ctx) => ctx.log.warn('disk nearly full', { free: 3 }))
    expect(await outcome).toEqual({
      kind: 'succeeded',
      output: { head: 'disk nearly full\n', tail: '', omittedBytes: 0 },
    })
    expect(log.of('taskLogged')).toMatchObject([
      { level: 'warn', text: 'disk nearly full', fields: { free: 3 } },
    ])
  })
})

describe('a handler that throws', () => {
  test('has failed, with the message as the reason and the stack kept', async () => {
    const outcome = await run(() => {
      throw new TypeError('no such\n  customer')
    })
    expect(outcome).toMatchObject({ kind: 'failed', reason: 'TypeError: no such customer' })
    expect(JSON.stringify(outcome)).toContain('inline-executor.test.ts')
  })

  test('has failed for good when it throws Permanent', async () => {
    expect(await run(() => Promise.reject(new Permanent('no customer 7')))).toMatchObject({
      kind: 'failed',
      reason: 'no customer 7',
      permanent: true,
    })
  })

  test('asks for another attempt by ctx.retry', async () => {
    expect(await run((ctx) => ctx.retry({ delay: '1m', reason: 'busy' }))).toEqual({
      kind: 'retryAsked',
      reason: 'busy',
      delay: 60_000,
    })
    expect(await run((ctx) => ctx.retry())).toEqual({
      kind: 'retryAsked',
      reason: 'it asked to be tried again',
    })
  })

  test('has failed when the delay that it asks for is none', async () => {
    expect(await run((ctx) => ctx.retry({ delay: '5' }))).toMatchObject({
      kind: 'failed',
      reason: expect.stringContaining('a number needs a unit'),
    })
  })

  const hostile = Object.defineProperty(new Error(), 'message', {
    get: () => {
      throw new Error('caught you')
    },
  })
  const proxy = new Proxy(
    {},
    {
      getPrototypeOf: () => {
        throw new Error('caught you')
      },
    },
  )
  test.each([
    ['null', null, 'threw null'],
    ['undefined', undefined, 'threw undefined'],
    ['a string', 'no', 'threw no'],
    ['an object', { code: 7 }, 'threw { code: 7 }'],
    ['an error whose message is a getter that throws', hostile, 'threw something that cannot be described'],
    ['a proxy that throws when it is looked at', proxy, 'threw something that cannot be described'],
  ])('has failed, whatever it throws: %s', async (_name, thrown, reason) => {
    expect(
      await run(() => {
        throw thrown
      }),
    ).toMatchObject({ kind: 'failed', reason })
  })
})

describe('a result that cannot be kept is dropped, and the task has succeeded', () => {
  const cyclic: { self?: unknown } = {}
  cyclic.self = cyclic
  test.each([
    ['a cycle', cyclic, 'its result is not JSON'],
    ['a BigInt', 1n, 'its result is not JSON'],
    ['a function', () => 1, 'its result is a function'],
    ['too long', 'x'.repeat(1_000_000), 'its result is longer than'],
    ['too deep', JSON.parse('['.repeat(61) + ']'.repeat(61)), 'its result is nested deeper than 60 levels'],
    [
      'a toJSON that throws null',
      {
        toJSON: () => {
          throw null
        },
      },
      'its result is not JSON: threw null',
    ],
  ])('%s', async (_name, result, reason) => {
    const { outcome, log } = begin(() => result)
    const dropped = expect.stringContaining(reason)
    expect(await outcome).toEqual({ kind: 'succeeded', dropped })
    expect(log.of('resultDropped')).toEqual([expect.objectContaining({ reason: dropped })])
  })
})

describe('a handler that takes too long', () => {
  test('has timed out there and then, and its signal is aborted', async () => {
    let signal: AbortSignal | undefined
    const outcome = await run(
      (ctx) => {
        signal = ctx.signal
        return forever()
      },
      { timeout: short },
    )
    expect(outcome).toEqual({ kind: 'timedOut', limit: short })
    expect(signal?.aborted).toBe(true)
  })

  test('is abandoned: what it throws later disturbs nobody', async () => {
    const later = Promise.withResolvers<never>()
    expect(await run(() => later.promise, { timeout: short })).toMatchObject({ kind: 'timedOut' })
    later.reject(new Error('too late'))
    await new Promise(setImmediate)
  })
})

describe('a handler whose worker stops', () => {
  test('has succeeded when it still does in time', async () => {
    const { outcome, interrupt } = begin(
      (ctx) => new Promise((resolve) => ctx.signal.addEventListener('abort', () => resolve('done'))),
    )
    interrupt()
    expect(await outcome).toEqual({ kind: 'succeeded', result: 'done' })
  })

  test('was interrupted when it gives up', async () => {
    const { outcome, interrupt } = begin(
      (ctx) =>
        new Promise((_, reject) => ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason))),
    )
    interrupt()
    expect(await outcome).toEqual({ kind: 'interrupted', reason: 'the worker stopped' })
  })

  test('is abandoned when it does not end within kill_after', async () => {
    const { outcome, interrupt } = begin(forever, { killAfter: short })
    interrupt()
    expect(await outcome).toEqual({ kind: 'interrupted', reason: 'the worker stopped' })
  })

  test('is abandoned at once when it means now', async () => {
    const { outcome, interrupt, kill } = begin(forever)
    interrupt()
    kill()
    expect(await outcome).toEqual({ kind: 'interrupted', reason: 'the worker stopped' })
  })
})
