import { expect, test } from 'vitest'
import { aMessage, anOccurrence, soon } from '../support/messages.ts'
import { openCliWorld } from './cli-world.ts'
import { aMissedRecord, at, writeJournal } from './journal-world.ts'

const configuration = `schedules:
  nightly: { cron: "0 2 * * *", command: [backup] }
  report: { cron: "0 7 1 * *", task: reports.monthly }
tasks:
  reports.monthly: { command: [report] }
`
const id = (digit: number): string => `${digit}1111111-2222-4333-8444-555555555555`

async function openHistory(text = configuration) {
  const world = openCliWorld(text)
  const { ran, record } = writeJournal(world.stateDir)
  const monthly = anOccurrence(
    'report',
    { due: at('2026-11-01T07:00Z') },
    { id: id(2), task: 'reports.monthly' },
  )
  const failed = { kind: 'failed', reason: 'exit code 3', exitCode: 3 } as const
  await ran(
    monthly,
    failed,
    { from: at('2026-11-01T07:00Z'), to: at('2026-11-01T07:01Z') },
    { kind: 'retry', at: at('2026-11-01T07:02Z') },
  )
  await ran(
    { ...monthly, attempt: 2 },
    { kind: 'timedOut', limit: 1 as never },
    { from: at('2026-11-01T07:02Z'), to: at('2026-11-01T07:03Z') },
  )
  await ran(
    aMessage({ id: id(3), task: 'reports.monthly' }),
    { kind: 'succeeded' },
    { from: at('2026-11-02T07:00Z'), to: at('2026-11-02T07:00:00.250Z') },
  )
  const nightly = anOccurrence('nightly', { due: at('2026-11-22T02:00Z') }, { id: id(1), task: 'nightly' })
  await ran(
    nightly,
    { kind: 'succeeded' },
    { from: at('2026-11-22T02:00:01Z'), to: at('2026-11-22T02:03:13Z') },
  )
  await record.recordMissed([aMissedRecord()])
  return world
}

test('times are those of the file’s zone, as --since takes them, and another zone than the machine’s is named', async () => {
  const { run } = await openHistory(`timezone: Pacific/Kiritimati\n${configuration}`)
  const { stdout } = await run('runs', '--since', '2026-11-22T16:00')
  expect(stdout.trimEnd().split('\n')).toEqual([
    expect.stringMatching(/^due \(Pacific\/Kiritimati\) +late /),
    expect.stringMatching(/^2026-11-22 16:00:00 +1\.0s +nightly +succeeded /),
  ])
  expect((await run('runs', 'nightly')).stdout).toMatch(/missed +2 occurrences since 2026-11-20 16:00:00: /)
})

test('runs are shown the newest first, and what was missed has its place among them', async () => {
  const { run } = await openHistory()
  const { code, stdout } = await run('runs')
  const lines = stdout.trimEnd().split('\n')
  expect(lines[0]).toMatch(/^due( \(UTC\))? +late +what +outcome +duration +attempts +id +reason$/)
  expect(lines[1]).toMatch(/ 1\.0s +nightly +succeeded +3m12s +1 +11111111$/)
  expect(lines[2]).toMatch(/nightly +missed +2 occurrences since .*: too long ago when it could be emitted$/)
  expect(lines[3]).toMatch(/reports\.monthly +succeeded +250ms +1 +31111111$/)
  expect(lines[4]).toMatch(
    /report \(reports\.monthly\) +timed out +3m00s +2 +21111111 +its time limit of 1ms was reached$/,
  )
  expect(lines).toHaveLength(5)
  expect(code).toBe(0)
})

test('what expired stands where it was due, below what was missed after it, however late that was found', async () => {
  const { run, stateDir } = openCliWorld(configuration)
  const { journal, record } = writeJournal(stateDir)
  await journal.record({
    message: anOccurrence('nightly', { due: at('2026-11-20T01:00Z') }),
    outcome: { kind: 'expired', at: at('2026-11-20T01:05Z'), reason: 'too late' },
    verdict: { kind: 'ack' },
    started: undefined,
    finished: at('2026-11-22T08:00Z'),
  })
  await record.recordMissed([aMissedRecord({ recorded: at('2026-11-22T08:00Z') })])
  const lines = (await run('runs')).stdout.trimEnd().split('\n')
  expect(lines[1]).toMatch(/ missed /)
  expect(lines[2]).toMatch(/ expired /)
})

test('--json is an array of runs with their times in UTC', async () => {
  const { run } = await openHistory()
  const { code, json } = await run('runs', '--json')
  expect(code).toBe(0)
  expect(json()).toEqual([
    {
      id: id(1),
      entry: 'nightly',
      task: 'nightly',
      due: '2026-11-22T02:00:00.000Z',
      started: '2026-11-22T02:00:01.000Z',
      finished: '2026-11-22T02:03:13.000Z',
      outcome: 'succeeded',
      attempts: 1,
      host: 'here',
    },
    {
      id: null,
      entry: 'nightly',
      task: 'nightly',
      due: '2026-11-21T02:00:00.000Z',
      started: null,
      finished: null,
      outcome: 'missed',
      attempts: 0,
      host: 'here',
      first: '2026-11-20T02:00:00.000Z',
      last: '2026-11-21T02:00:00.000Z',
      count: 2,
      exact: true,
      reason: 'too_old',
    },
    {
      id: id(3),
      entry: null,
      task: 'reports.monthly',
      due: null,
      started: '2026-11-02T07:00:00.000Z',
      finished: '2026-11-02T07:00:00.250Z',
      outcome: 'succeeded',
      attempts: 1,
      host: 'here',
    },
    {
      id: id(2),
      entry: 'report',
      task: 'reports.monthly',
      due: '2026-11-01T07:00:00.000Z',
      started: '2026-11-01T07:00:00.000Z',
      finished: '2026-11-01T07:03:00.000Z',
      outcome: 'timed_out',
      attempts: 2,
      host: 'here',
    },
  ])
})

test('the runs of an entry or of a task are those that it names', async () => {
  const { run } = await openHistory()
  const ids = async (...argv: string[]): Promise<unknown> =>
    ((await run('runs', '--json', ...argv)).json() as { id: string | null }[]).map((item) => item.id)
  expect(await ids('nightly')).toEqual([id(1), null])
  expect(await ids('report')).toEqual([id(2)])
  expect(await ids('reports.monthly')).toEqual([id(3), id(2)])
  expect(await ids('-n', '1')).toEqual([id(1)])
})

test('those of a time are what began in it, and what was missed in it', async () => {
  const { run } = await openHistory()
  const ids = async (...argv: string[]): Promise<unknown> =>
    ((await run('runs', '--json', ...argv)).json() as { id: string | null }[]).map((item) => item.id)
  expect(await ids('--since', '2026-11-02')).toEqual([id(1), null, id(3)])
  expect(await ids('--since', '2026-11-21T00:00', '-n', '1')).toEqual([id(1)])
  expect(await ids('--until', '2026-11-20T02:00Z')).toEqual([null, id(3), id(2)])
  expect(await ids('--until', '2026-11-20T01:59')).toEqual([id(3), id(2)])
  // Its second attempt began then.
  expect(await ids('--since', '2026-11-01T08:02:00+01:00', '--until', '2026-11-02T06:59Z')).toEqual([id(2)])
  expect(await ids('nightly', '--since', '2026-11-22T02:00:01Z', '--until', '2026-11-22T02:00:01Z')).toEqual([
    id(1),
  ])
})

test('a time may be said by how long ago it was', async () => {
  const world = openCliWorld(configuration)
  const { ran } = writeJournal(world.stateDir)
  await ran(aMessage({ id: id(1) }), { kind: 'succeeded' }, { from: soon(-3_600_000), to: soon(-3_599_000) })
  const count = async (...argv: string[]): Promise<number> =>
    ((await world.run('runs', '--json', ...argv)).json() as unknown[]).length
  expect(await count('--since', '2h')).toBe(1)
  expect(await count('--since', '50m')).toBe(0)
  expect(await count('--until', '50m')).toBe(1)
  expect(await count('--until', 'P1D')).toBe(0)
  const { code, stderr } = await world.run('runs', 'nightly', '--since', '1m')
  expect(stderr).toContain('no runs of nightly of that time in the journal of here, ')
  expect(code).toBe(0)
})

test('a time that is none, or ends before it begins, is a wrong call', async () => {
  const { run } = await openHistory()
  const bad = await run('runs', '--since', 'yesterday')
  expect(bad.stderr).toContain('--since: expected a time as in 2027-01-01T09:00, got yesterday')
  expect(bad.code).toBe(2)
  const turned = await run('runs', '--since', '1h', '--until', '2h')
  expect(turned.stderr).toContain('--until is before --since')
  expect(turned.code).toBe(2)
})

test('a name that is in neither the file nor the journal is a wrong call', async () => {
  const { run } = await openHistory()
  const { code, stderr } = await run('runs', 'nihgtly')
  expect(stderr).toContain('there is no entry or task nihgtly; did you mean nightly?\n')
  expect(code).toBe(2)
  const empty = await run('runs', '')
  expect(empty.stderr).toContain("invalid for argument 'name'. It is empty.\n")
  expect(empty.code).toBe(2)
})

test('a journal without runs is an empty array for programs, and a remark for people', async () => {
  const world = openCliWorld(configuration)
  writeJournal(world.stateDir)
  expect((await world.run('runs', '--json')).json()).toEqual([])
  const { code, stdout, stderr } = await world.run('runs', 'nightly')
  expect(stdout).toBe('')
  expect(stderr).toContain('no runs of nightly in the journal of here, ')
  expect(code).toBe(0)
})

test('where nothing has run there is no journal, and none is made', async () => {
  const world = openCliWorld(configuration)
  for (const _again of [1, 2]) {
    const { code, stdout, stderr } = await world.run('runs')
    expect(stdout).toBe('')
    expect(stderr).toContain(
      `the journal ${world.stateDir}/journal.db does not exist: has a beat or a worker run here?`,
    )
    expect(code).toBe(1)
  }
})

test('a number of runs that is none is a wrong call', async () => {
  const { run } = openCliWorld(configuration)
  for (const count of ['0', '-1', 'x', '1.5', '']) {
    const { code, stderr } = await run('runs', `-n${count}`, count)
    expect(code).toBe(2)
    expect(stderr).not.toBe('')
  }
})

test('outcomes are coloured on a terminal, and what a task left there steers nothing', async () => {
  const world = openCliWorld(configuration)
  const { ran } = writeJournal(world.stateDir)
  const times = { from: at('2026-11-22T02:00Z'), to: at('2026-11-22T02:01Z') }
  await ran(aMessage({ task: 'nightly' }), { kind: 'failed', reason: 'a\u001b[2J\u009bb\nc\u202e' }, times)
  const { stdout } = await world.runOnTerminal('runs')
  expect(stdout).toContain('\u001b[31mfailed')
  expect(stdout).toContain('a\ufffd[2J\ufffdb\ufffdc\ufffd')
  const { stdout: json } = await world.run('runs', '--json')
  expect(json).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u)
})
