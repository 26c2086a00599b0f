import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Inbox } from '../support/inbox.ts'
import { aMessage, anOccurrence } from '../support/messages.ts'
import { connectSqlite } from '../support/sqlite-world.ts'
import { openCliWorld } from './cli-world.ts'
import { at } from './journal-world.ts'

const id = (digit: number): string => `${digit}1111111-2222-4333-8444-555555555555`

async function openGraveyard() {
  const world = openCliWorld()
  const broker = connectSqlite(join(world.stateDir, 'broker.db'))
  const inbox = new Inbox()
  const consumer = broker.consume({ queues: ['taskbeat'], slots: 10, deliver: inbox.deliver })
  const bury = async (message: ReturnType<typeof aMessage>, reason: string): Promise<void> => {
    await broker.publish([message])
    await (await inbox.next()).settle({ kind: 'deadLetter', reason })
  }
  await bury(
    aMessage({ id: id(1), task: 'mail', args: [1], eta: at('2026-11-22T02:00Z') }),
    'exit code 1\u001b[2J',
  )
  await bury(
    anOccurrence('cutover', { due: at('2026-11-22T03:00Z') }, { id: id(2), task: 'cutover', attempt: 3 }),
    'its time limit was reached',
  )
  return { ...world, broker, inbox, consumer }
}

test('dead letters are listed the newest first', async () => {
  const { run } = await openGraveyard()
  const { code, stdout } = await run('dead', 'list')
  const [, first, second] = stdout.split('\n')
  expect(first).toMatch(/cutover +taskbeat +3 +21111111 +its time limit was reached$/)
  expect(second).toMatch(/mail +taskbeat +1 +11111111 +exit code 1\ufffd\[2J$/)
  expect(code).toBe(0)
  expect((await run('dead', 'list', '-n', '1', '--json')).json()).toEqual([
    {
      id: id(2),
      entry: 'cutover',
      task: 'cutover',
      queue: 'taskbeat',
      at: expect.any(String),
      reason: 'its time limit was reached',
      message: {
        args: [],
        kwargs: {},
        priority: 4,
        eta: '2026-11-22T03:00:00.000Z',
        attempt: 3,
        expires: null,
        due: '2026-11-22T03:00:00.000Z',
      },
      raw: null,
    },
  ])
})

test('one is shown with its arguments', async () => {
  const { run } = await openGraveyard()
  const { stdout } = await run('dead', 'show', '1111')
  expect(stdout).toMatch(
    /^11111111-\S+, set aside .* from taskbeat: exit code 1\ufffd\[2J\n\{\n {2}"args": \[/,
  )
  expect((await run('dead', 'show', '1111', '--json')).json()).toMatchObject({
    task: 'mail',
    message: { args: [1] },
  })
})

test('one that is retried comes again, and is no longer dead', async () => {
  const { run, inbox } = await openGraveyard()
  const { code, stdout } = await run('dead', 'retry', '1111')
  expect(stdout).toBe(`${id(1)}: back in its queue\n`)
  expect(code).toBe(0)
  expect((await inbox.next()).message).toMatchObject({ id: id(1), attempt: 2 })
  expect((await run('dead', 'list', '--json')).json()).toMatchObject([{ id: id(2) }])
})

test('one that is dropped is gone', async () => {
  const { run } = await openGraveyard()
  expect((await run('dead', 'drop', id(2))).stdout).toBe(`${id(2)}: removed\n`)
  expect((await run('dead', 'list', '--json')).json()).toMatchObject([{ id: id(1) }])
})

test('--all means every one', async () => {
  const { run } = await openGraveyard()
  expect((await run('dead', 'drop', '--all')).stdout.split('\n')).toHaveLength(3)
  const { code, stderr, stdout } = await run('dead', 'list')
  expect(stdout).toBe('')
  expect(stderr).toContain('there are no dead letters')
  expect(code).toBe(0)
  expect((await run('dead', 'list', '--json')).json()).toEqual([])
})

test('an empty id, of a variable that is not set, is none', async () => {
  const { run } = await openGraveyard()
  await run('dead', 'drop', '1111')
  for (const command of ['show', 'retry', 'drop']) {
    const { code, stderr } = await run('dead', command, '')
    expect(stderr).toContain('It is empty.')
    expect(code).toBe(2)
  }
  expect((await run('dead', 'list', '--json')).json()).toHaveLength(1)
})

test('when one of several does not exist, nothing happens to the others', async () => {
  const { run } = await openGraveyard()
  const { code, stderr } = await run('dead', 'drop', '1111', 'ffff')
  expect(stderr).toContain('no dead letter begins with ffff')
  expect(code).toBe(2)
  expect((await run('dead', 'list', '--json')).json()).toHaveLength(2)
})

test('which ones has to be said, once', async () => {
  const { run } = await openGraveyard()
  for (const argv of [['retry'], ['drop', '--all', '1111'], ['show'], ['list', 'x'], ['bury'], []]) {
    expect((await run('dead', ...argv)).code).toBe(2)
  }
})
