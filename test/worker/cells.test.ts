import { execFileSync } from 'node:child_process'
import { closeSync, existsSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Clock, systemClock } from '../../src/core/clock.ts'
import { milliseconds } from '../../src/core/instant.ts'
import { openGuard } from '../../src/system/guard.ts'
import type { TaskDefinition } from '../../src/task/task-definition.ts'
import type { TaskMessage } from '../../src/task/task-message.ts'
import { cellEnvironment } from '../../src/worker/cells/cell-environment.ts'
import { Cells } from '../../src/worker/cells/cells.ts'
import type { CellPlan } from '../../src/worker/cells/task-cell.ts'
import type { WorkerEvent } from '../../src/worker/worker-event.ts'
import { EventLog } from '../support/event-log.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { fastClock } from '../support/fast-clock.ts'
import { aMessage, anOccurrence } from '../support/messages.ts'
import { taskDefaults } from '../support/tasks.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const header = `import { defineTask, Permanent } from 'taskbeat'
import { writeSync } from 'node:fs'
import { getHeapStatistics } from 'node:v8'
import { parentPort, threadId } from 'node:worker_threads'
const until = (signal) => new Promise((resolve) => signal.addEventListener('abort', resolve))
`

/** Leaves this process no file to open, until the function that it returns is called. */
function useUpFiles(): () => void {
  const prlimit = (...args: readonly string[]): string =>
    execFileSync('prlimit', [`--pid=${process.pid}`, ...args], { encoding: 'utf8' }).trim()
  const before = prlimit('--nofile', '--noheadings', '--raw', '--output=SOFT')
  prlimit('--nofile=500:')
  const files: number[] = []
  try {
    for (;;) files.push(openSync('/dev/null', 'r'))
  } catch {
    // that was the last
  }
  return () => {
    for (const file of files) closeSync(file)
    prlimit(`--nofile=${before}:`)
  }
}

test('a module that blocks while it is imported is named', async () => {
  const directory = temporaryDirectory()
  const write = (name: string, text: string): string => {
    writeFileSync(join(directory, name), text)
    return join(directory, name)
  }
  write('a.mjs', 'export const fine = 1\n')
  const marker = join(directory, 'marker')
  const file = write(
    'b.mjs',
    `import { writeFileSync } from 'node:fs'\nwriteFileSync(${JSON.stringify(marker)}, '')\nfor (;;);\n`,
  )
  const clock = new FakeClock()
  clock.loops = 0
  const guard = openGuard({ onLost: () => {} })
  onTestFinished(() => guard.close())
  const environment = cellEnvironment(process.env)
  const cells = new Cells({ clock, guard, environment, emit: () => {}, exhausted: () => {} })
  onTestFinished(() => cells.close())
  cells.renew({ patterns: [join(directory, '*.mjs')], heapBytes: 64 * 1_048_576, recycle: {} })
  const listing = cells.list()
  await expect.poll(() => existsSync(marker), { timeout: 30_000 }).toBe(true)
  await clock.advance(40_000)
  expect(await listing).toBe(`${file} does not come to the end of its top level`)
})

/** Cells of both kinds, with a module of one task `demo` whose handler is this text. */
function openCells(handler: string, plan: Partial<CellPlan> = {}, clock: Clock = systemClock) {
  const directory = temporaryDirectory()
  const write = (text: string): void =>
    writeFileSync(join(directory, 'tasks.mjs'), `${header}export const demo = defineTask('demo', ${text})\n`)
  write(handler)
  const log = new EventLog<WorkerEvent>()
  const guard = openGuard({ onLost: () => {} })
  onTestFinished(() => guard.close())
  const own = {
    PATH: process.env.PATH,
    DATABASE: 'ours',
    TASKBEAT_BROKER_URL: 'amqp://secret',
    NOTIFY_SOCKET: '/x',
  }
  const cells = new Cells({
    clock,
    guard,
    environment: cellEnvironment(own),
    emit: log.emit,
    exhausted: () => {},
  })
  onTestFinished(() => cells.close())
  const renew = (): void =>
    cells.renew({ patterns: [join(directory, '*.mjs')], heapBytes: 64 * 1_048_576, recycle: {}, ...plan })
  renew()
  const begin = (
    isolation: 'thread' | 'process',
    { message = aMessage(), ...change }: Partial<TaskDefinition> & { message?: TaskMessage } = {},
  ) => {
    const interrupt = new AbortController()
    const definition = {
      ...taskDefaults,
      name: 'demo',
      action: { kind: 'module' as const },
      isolation,
      ...change,
    }
    const outcome = cells.executors[isolation].run({
      task: { definition },
      message,
      interrupt: interrupt.signal,
      kill: new AbortController().signal,
      emit: log.emit,
    })
    return { outcome, interrupt: () => interrupt.abort('the worker stopped') }
  }
  const list = () => cells.list()
  return {
    begin,
    run: (...args: Parameters<typeof begin>) => begin(...args).outcome,
    list,
    log,
    write,
    renew,
  }
}

describe.each(['thread', 'process'] as const)('a handler in a %s', (isolation) => {
  test('is told what it runs for, and its result comes back', async () => {
    const { run } = openCells(
      `(ctx, a, rest) => [ctx.id, ctx.entry, ctx.due.getTime(), ctx.attempt, ctx.queue, a, rest]`,
    )
    const message = anOccurrence('nightly', {}, { args: [4], kwargs: { to: 'x' }, attempt: 2, queue: 'slow' })
    expect(await run(isolation, { message })).toEqual({
      kind: 'succeeded',
      result: [message.id, 'nightly', message.occurrence?.due, 2, 'slow', 4, { to: 'x' }],
    })
  })

  test('logs and prints, in order, to the events and to what is kept of the run', async () => {
    const { run, log } = openCells(`(ctx) => {
      console.log('one'); ctx.log.warn('two', { free: 3 }); process.stdout.write(new Uint8Array([0xc3])); process.stdout.write(new Uint8Array([0xa4]))
    }`)
    expect(await run(isolation)).toEqual({
      kind: 'succeeded',
      output: { head: 'one\ntwo\nä', tail: '', omittedBytes: 0 },
    })
    expect(log.of('taskLogged')).toMatchObject([{ level: 'warn', text: 'two', fields: { free: 3 } }])
    expect(log.of('outputLine').map(({ line }) => line)).toEqual(['one', 'ä'])
  })

  test('fails for good by Permanent, and asks for another attempt by ctx.retry', async () => {
    const { run } = openCells(
      `(ctx, how) => how === 'retry' ? ctx.retry({ delay: '1m', reason: 'busy' }) : (() => { throw new Permanent('no') })()`,
    )
    expect(await run(isolation)).toMatchObject({ kind: 'failed', reason: 'no', permanent: true })
    expect(await run(isolation, { message: aMessage({ args: ['retry'] }) })).toEqual({
      kind: 'retryAsked',
      reason: 'busy',
      delay: 60_000,
    })
  })

  test('has succeeded when what it returns cannot be kept, which is told', async () => {
    const { run, log } = openCells('() => 1n')
    const dropped = expect.stringMatching(/BigInt/)
    expect(await run(isolation)).toEqual({ kind: 'succeeded', dropped })
    expect(log.of('resultDropped')).toHaveLength(1)
  })

  test('may finish after its soft limit, and has timed out when it gives up then', async () => {
    const { run } = openCells(
      `async (ctx, how) => { await until(ctx.signal); if (how) return String(ctx.signal.reason); throw ctx.signal.reason }`,
    )
    const softTimeout = milliseconds(50)
    expect(await run(isolation, { softTimeout, message: aMessage({ args: [true] }) })).toEqual({
      kind: 'succeeded',
      result: 'Error: the soft time limit was reached',
    })
    expect(await run(isolation, { softTimeout })).toMatchObject({ kind: 'timedOut', limit: 50 })
  })

  test('whose worker stops has succeeded when it still does in time, and is killed after kill_after', async () => {
    const { begin, log } = openCells(
      `async (ctx, heeds) => { ctx.log.info('on'); await until(ctx.signal); if (!heeds) for (;;); return 'done' }`,
    )
    const heeding = begin(isolation, { message: aMessage({ args: [true] }) })
    await log.first('taskLogged')
    heeding.interrupt()
    expect(await heeding.outcome).toMatchObject({ kind: 'succeeded', result: 'done' })
    const message = aMessage()
    const deaf = begin(isolation, { message, killAfter: milliseconds(50) })
    await log.first('taskLogged', (event) => event.message.id === message.id)
    deaf.interrupt()
    expect(await deaf.outcome).toMatchObject({ kind: 'interrupted', reason: 'the worker stopped' })
  })

  test('finds the environment of the worker and of its run, without what belongs to the service', async () => {
    const { run } = openCells('() => process.env')
    const message = aMessage()
    const outcome = await run(isolation, { message })
    const { result } = outcome as { readonly result: object }
    expect(result).toMatchObject({ DATABASE: 'ours', TASKBEAT_ID: message.id, TASKBEAT_ENTRY: '' })
    expect(result).toHaveProperty('TASKBEAT_GUARD')
    for (const name of ['TASKBEAT_BROKER_URL', 'NOTIFY_SOCKET']) expect(result).not.toHaveProperty(name)
  })

  test('runs where others ran before, until that is worn', async () => {
    const where = '() => [process.pid, threadId].join()'
    const kept = openCells(where)
    expect(await kept.run(isolation)).toEqual(await kept.run(isolation))
    const fresh = openCells(where, { recycle: { runs: 1 } })
    expect(await fresh.run(isolation)).not.toEqual(await fresh.run(isolation))
    const small = openCells(where, { recycle: { memory: 1 } })
    expect(await small.run(isolation)).not.toEqual(await small.run(isolation))
  })

  test('runs elsewhere when others have left hardly any heap', async () => {
    const where = `(_, fullness) => {
      const kept = (globalThis.kept ??= [])
      while (getHeapStatistics().used_heap_size < fullness * 1_048_576) kept.push(new Array(32_768).fill(0))
      return [process.pid, threadId].join()
    }`
    const { run } = openCells(where, { heapBytes: 128 * 1_048_576 })
    const fill = (fullness: number) => run(isolation, { message: aMessage({ args: [fullness] }) })
    const first = await fill(0)
    expect(await fill(60)).toEqual(first)
    expect(await fill(120)).toEqual(first)
    expect(await fill(0)).not.toEqual(first)
  })

  test('does not fail by a promise that a run before it has left behind', async () => {
    const leaving = `async (_, leaves) => {
      const where = [process.pid, threadId].join()
      if (leaves) {
        const { promise, resolve } = Promise.withResolvers()
        globalThis.goOn = resolve
        void promise.then(() => { throw new Error('left behind') })
      } else if (globalThis.goOn) {
        globalThis.goOn()
        await new Promise((resolve) => process.once('unhandledRejection', resolve))
      }
      return where
    }`
    const { run, log } = openCells(leaving)
    const first = await run(isolation, { message: aMessage({ args: [true] }) })
    expect(first).toMatchObject({ kind: 'succeeded' })
    expect(await run(isolation)).toEqual(first)
    await log.first('modulePrinted')
    expect(log.of('modulePrinted').map(({ line }) => line)).toContainEqual(
      expect.stringContaining('left behind'),
    )
    expect(await run(isolation)).not.toEqual(first)
  })

  test('ends on the old code when the modules are renewed, and the next begins on the new', async () => {
    const { begin, run, write, renew, log } = openCells(
      `async (ctx) => { ctx.log.info('on'); await until(ctx.signal); return 'old' }`,
    )
    const old = begin(isolation)
    await log.first('taskLogged')
    write(`() => 'new'`)
    renew()
    expect(await run(isolation)).toEqual({ kind: 'succeeded', result: 'new' })
    old.interrupt()
    expect(await old.outcome).toMatchObject({ kind: 'succeeded', result: 'old' })
  })
})

test('a run waits for its module, which a deploy is about to replace', async () => {
  const { begin, run, write, log } = openCells(`() => 'old'`, { recycle: { runs: 1 } })
  expect(await run('thread')).toMatchObject({ result: 'old' })
  write('half of it')
  const { outcome } = begin('thread')
  expect(await log.first('moduleFailed')).toMatchObject({ reason: expect.stringContaining('SyntaxError') })
  write(`() => 'new'`)
  expect(await outcome).toMatchObject({ kind: 'succeeded', result: 'new' })
})

test('a run whose module stays away fails for good, or is given back when the worker stops before', async () => {
  const clock = fastClock(10)
  const { begin, run, write, log } = openCells(`() => 'old'`, { recycle: { runs: 1 } }, clock)
  await run('thread')
  write('half of it')
  const stopped = begin('thread')
  await log.first('moduleFailed')
  stopped.interrupt()
  expect(await stopped.outcome).toEqual({ kind: 'interrupted', reason: 'the worker stopped' })
  expect(await run('thread')).toMatchObject({
    kind: 'failed',
    permanent: true,
    reason: expect.stringContaining('demo is exported by no module any more'),
  })
})

describe('what a module writes by hand', () => {
  test.each([
    [
      'thread',
      `for (const each of ['hi', null, { kind: 'report' }, { kind: 'printed' }]) parentPort.postMessage(each)`,
    ],
    ['process', `writeSync(4, '5\\nnull\\n{"kind":"report"}\\n{"kind":"printed","stream":"x"}\\n')`],
  ] as const)('to where its %s reports is no report, and the worker goes on', async (isolation, writes) => {
    const { run } = openCells(`() => { ${writes}; return 'done' }`)
    expect(await run(isolation)).toEqual({ kind: 'succeeded', result: 'done' })
  })

  test.each([
    ['{ timeout: 5n }', /options of task demo.*BigInt/],
    ['null', /options of task demo.*expected an object/],
  ])('as options, %s, that do not travel concerns its own task alone', async (options, reason) => {
    const { list, write, renew } = openCells('() => 1')
    write(`() => 1, ${options})\nexport const other = defineTask('other', () => 2`)
    renew()
    const listing = await list()
    expect(listing).toMatchObject({
      tasks: [{ name: 'other' }],
      problems: [{ reason: expect.stringMatching(reason) }],
    })
  })
})

test('a process that there are no files left for is a failure of the attempt, and the next finds them free again', async () => {
  const { run } = openCells('() => 1')
  const free = useUpFiles()
  const outcome = await run('process').finally(free)
  expect(outcome).toEqual({
    kind: 'failed',
    reason: 'its process could not be started: too many files are open',
  })
  expect(await run('process')).toMatchObject({ kind: 'succeeded' })
})
