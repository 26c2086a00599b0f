import { expect, test } from 'vitest'
import { anOccurrence } from '../support/messages.ts'
import { openCliWorld } from './cli-world.ts'
import { at, writeJournal } from './journal-world.ts'

const id = '0a1b2c3d-2222-4333-8444-555555555555'

async function openRun(configuration?: string) {
  const world = openCliWorld(configuration)
  const { ran } = writeJournal(world.stateDir)
  const message = anOccurrence('report', { due: at('2026-11-01T07:00Z') }, { id, task: 'monthly' })
  await ran(
    message,
    {
      kind: 'failed',
      reason: 'exit code 3',
      exitCode: 3,
      output: { head: 'a\u001b[2J\n', tail: 'z', omittedBytes: 9 },
    },
    { from: at('2026-11-01T07:00Z'), to: at('2026-11-01T07:01Z') },
    { kind: 'retry', at: at('2026-11-01T07:02Z') },
  )
  await ran(
    { ...message, attempt: 2 },
    { kind: 'succeeded' },
    { from: at('2026-11-01T07:02Z'), to: at('2026-11-01T07:03Z') },
  )
  return world
}

test('a run is shown with every attempt, where it ran, and what it printed', async () => {
  const { run } = await openRun()
  const { code, stdout } = await run('show', '0a1b')
  expect(stdout).toMatch(
    new RegExp(`^${id}\nentry report, task monthly, queue taskbeat, due 2026-11-01 \\d\\d:00:00( UTC)?\n`),
  )
  expect(stdout).toMatch(
    /\nattempt 1 failed after 1m00s: exit code 3\n {2}from .* to .* on here, worker 4711\na\ufffd\[2J\n… 9 bytes left out …\nz\n\nattempt 2 succeeded in 1m00s\n/,
  )
  expect(code).toBe(0)
})

test('its times are those of the file’s zone, which is named where it is not the machine’s', async () => {
  const { run } = await openRun('timezone: Pacific/Kiritimati\nschedules: {}\n')
  const { stdout } = await run('show', id)
  expect(stdout).toContain(', due 2026-11-01 21:00:00 Pacific/Kiritimati\n')
  expect(stdout).toContain('  from 2026-11-01 21:02:00 to 2026-11-01 21:03:00 Pacific/Kiritimati on here')
})

test('--json has every attempt, with its times in UTC', async () => {
  const { run } = await openRun()
  expect((await run('show', id, '--json')).json()).toEqual({
    id,
    entry: 'report',
    task: 'monthly',
    queue: 'taskbeat',
    due: '2026-11-01T07:00:00.000Z',
    attempts: [
      {
        attempt: 1,
        started: '2026-11-01T07:00:00.000Z',
        finished: '2026-11-01T07:01:00.000Z',
        outcome: 'failed',
        reason: 'exit code 3',
        exit_code: 3,
        verdict: 'retry',
        interruptions: 0,
        earlier_starts: [],
        host: 'here',
        pid: 4711,
        output: { head: 'a\u001b[2J\n', tail: 'z', omitted_bytes: 9 },
      },
      {
        attempt: 2,
        started: '2026-11-01T07:02:00.000Z',
        finished: '2026-11-01T07:03:00.000Z',
        outcome: 'succeeded',
        reason: null,
        exit_code: null,
        verdict: 'ack',
        interruptions: 0,
        earlier_starts: [],
        host: 'here',
        pid: 4711,
        output: null,
      },
    ],
  })
})

test('of an attempt that had to start again each start is shown', async () => {
  const { run, stateDir } = openCliWorld()
  const { ran } = writeJournal(stateDir)
  const message = anOccurrence('report', { due: at('2026-11-01T07:00Z') }, { id, task: 'monthly' })
  const interrupted = { kind: 'interrupted', reason: 'the worker stopped' } as const
  for (const [from, to] of [
    ['2026-11-01T07:00Z', '2026-11-01T07:01Z'],
    ['2026-11-01T07:02Z', '2026-11-01T07:03Z'],
  ] as const)
    await ran(message, interrupted, { from: at(from), to: at(to) }, { kind: 'release' })
  await ran(message, { kind: 'succeeded' }, { from: at('2026-11-01T07:04Z'), to: at('2026-11-01T07:05Z') })
  const { stdout } = await run('show', id)
  expect(stdout).toMatch(
    /\nattempt 1 succeeded in 1m00s\n( {2}from .*:00:00 .*to .* on here, worker 4711, interrupted: the worker stopped\n)( {2}from .*:02:00.*, interrupted: the worker stopped\n) {2}from .*:04:00 to .* on here, worker 4711\n$/,
  )
  expect((await run('show', id, '--json')).json()).toMatchObject({
    attempts: [
      {
        earlier_starts: [
          {
            started: '2026-11-01T07:00:00.000Z',
            finished: '2026-11-01T07:01:00.000Z',
            reason: 'the worker stopped',
            host: 'here',
            pid: 4711,
          },
          { started: '2026-11-01T07:02:00.000Z' },
        ],
      },
    ],
  })
  // From its first start on.
  expect((await run('runs')).stdout).toMatch(/ succeeded +5m00s +1 /)
})

test('a run that does not exist is told of, and the run has to be named', async () => {
  const { run } = await openRun()
  const missing = await run('show', 'ffff')
  expect(missing.stderr).toContain('no run begins with ffff')
  expect(missing.code).toBe(2)
  expect((await run('show')).code).toBe(2)
  const empty = await run('show', '')
  expect(empty.stderr).toContain("invalid for argument 'run'. It is empty.\n")
  expect(empty.code).toBe(2)
})
