import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { TaskMessage } from '../../src/task/task-message.ts'
import { Inbox } from '../support/inbox.ts'
import { connectSqlite } from '../support/sqlite-world.ts'
import { openCliWorld } from './cli-world.ts'

const configuration = `timezone: Europe/Berlin
schedules: {}
tasks:
  plain: { command: [x] }
  add: { command: [x], stdin: json, queue: slow }
  handler: { timeout: 1m }
`

function openWorld(more = '') {
  const world = openCliWorld(configuration + more)
  const broker = connectSqlite(join(world.stateDir, 'broker.db'))
  const send = (...argv: string[]) => world.run('send', ...argv)
  /** What is sent, once it is due. */
  const sent = async (...argv: string[]): Promise<TaskMessage> => {
    const inbox = new Inbox()
    const consumer = broker.consume({
      queues: ['taskbeat', 'slow', 'own'],
      slots: 10,
      deliver: inbox.deliver,
    })
    const { code, stdout } = await send(...argv)
    expect(code).toBe(0)
    const { message } = await inbox.next()
    expect(stdout).toBe(`${message.id}\n`)
    await consumer.stop()
    return message
  }
  return { ...world, send, sent, broker }
}

test('a task is sent to its queue, due now, with its arguments', async () => {
  const { sent } = openWorld()
  const { id, eta, ...rest } = await sent('add', '--args', '[4, "four"]', '--kwargs', '{"to": null}')
  expect(rest).toEqual({
    task: 'add',
    args: [4, 'four'],
    kwargs: { to: null },
    queue: 'slow',
    priority: 4,
    attempt: 1,
  })
  expect(Math.abs(eta - Date.now())).toBeLessThan(10_000)
})

test('queue and priority are those asked for; without a word it is the default queue', async () => {
  const { sent } = openWorld()
  expect(await sent('add', '--queue', 'own', '--priority', '9')).toMatchObject({ queue: 'own', priority: 9 })
  expect(await sent('plain')).toMatchObject({ queue: 'taskbeat' })
})

test('--countdown moves the ETA, and --expires counts from there', async () => {
  const { sent } = openWorld()
  const before = Date.now()
  const { eta, expires } = await sent('plain', '--countdown', '300ms', '--expires', '1h')
  expect(eta - before).toBeGreaterThanOrEqual(300)
  expect((expires ?? 0) - eta).toBe(3_600_000)
})

test('--eta is the clock of the file’s zone, unless it carries an offset', async () => {
  const { send } = openWorld()
  const eta = async (text: string): Promise<unknown> =>
    ((await send('plain', '--eta', text, '--json')).json() as { eta: string }).eta
  expect(await eta('2099-01-01T09:00')).toBe('2099-01-01T08:00:00.000Z')
  expect(await eta('2099-01-01T09:00Z')).toBe('2099-01-01T09:00:00.000Z')
})

test('a task that nobody defines is refused', async () => {
  const { send, broker } = openWorld()
  const { code, stderr } = await send('plian')
  expect(stderr).toContain('the configuration defines no task plian')
  expect(code).toBe(2)
  expect((await send('ad')).stderr).toContain('did you mean add?')
  expect((await broker.status()).queues).toEqual([])
})

test('where modules may define it, a task that the file does not know is sent with a warning', async () => {
  const { send } = openWorld('worker: { modules: [./tasks/*.ts] }\n')
  const { code, stdout, stderr } = await send('ad', '--args', '[1]')
  expect(stdout).not.toBe('')
  expect(stderr).toContain(
    'no task ad; did you mean add?\nit is sent all the same: a module of the worker may define it\n',
  )
  expect(code).toBe(0)
})

test('where modules are named, a task that is like none of the file is no slip', async () => {
  const { send } = openWorld('worker: { modules: [./tasks/*.ts] }\n')
  expect((await send('reports.monthly')).stderr).not.toContain('no task')
})

test('a task of a module takes arguments, a command that does not read them does not', async () => {
  const { send } = openWorld()
  expect((await send('handler', '--args', '[1]')).code).toBe(0)
  expect((await send('plain', '--args', '[]', '--kwargs', '{}')).code).toBe(0)
  const { code, stderr } = await send('plain', '--args', '[1]')
  expect(stderr).toContain('plain takes no arguments: its command does not read them; stdin: json would hand')
  expect(code).toBe(2)
})

test('what is asked wrongly is told with what was expected, and nothing is sent', async () => {
  const { send, broker } = openWorld()
  for (const [argv, told] of [
    [['--args', '[4'], 'Expected a JSON list such as'],
    [['--args', '{}'], 'Expected a JSON list such as'],
    [['--args', '[{"n": [-1e999]}]'], 'Expected numbers that JSON can carry as they are, got -1e999'],
    [['--kwargs', '{"id": 9007199254740993}'], 'got 9007199254740993; a text is written "9007199254740993"'],
    [['--kwargs', '[]'], 'Expected a JSON object such as'],
    [['--kwargs', 'null'], 'Expected a JSON object such as'],
    [['--kwargs', '{to: me}'], 'Expected a JSON object such as'],
    [['--countdown', '10'], 'Expected a duration such as 10s or 1h30m: a number needs a unit'],
    [['--expires', 'soon'], 'Expected a duration such as'],
    [['--eta', 'soon'], '--eta: expected a time as in 2027-01-01T09:00, got soon'],
    [['--eta', '2099-01-01T00:00', '--countdown', '1s'], 'cannot be used with option'],
    [['--priority', '10'], 'Expected a whole number from 0 to 9'],
    [['--queue', ' a'], '--queue: expected a name'],
    [['--queue', ''], '--queue: expected a name'],
    [['--bogus'], 'unknown option'],
    [['more'], 'too many arguments'],
  ] as const) {
    const { code, stdout, stderr } = await send('add', ...argv)
    expect(stderr).toContain(told)
    expect(stdout).toBe('')
    expect(code).toBe(2)
  }
  expect((await broker.status()).queues).toEqual([])
})

test('what the broker must not take is refused with the reason', async () => {
  const { send } = openWorld()
  const { code, stderr } = await send('add', '--args', JSON.stringify(['x'.repeat(300_000)]))
  expect(stderr).toMatch(/cannot send add \(\S+\): it has \d+ bytes, and 262144 are the most/)
  expect(code).toBe(1)
})
