import { join } from 'node:path'
import { expect, test } from 'vitest'
import { anOccurrence, soon } from '../support/messages.ts'
import { connectSqlite } from '../support/sqlite-world.ts'
import { openCliWorld } from './cli-world.ts'
import { aMissedRecord, at, writeJournal } from './journal-world.ts'

const configuration = `schedules:
  nightly: { at: 2099-01-01T02:00Z, shell: x }
  report: { at: 2099-01-01T02:00Z, shell: x, enabled: false }
worker: { queues: [taskbeat, slow] }
`

test('where nothing has run yet, that is what the status is', async () => {
  const { run, stateDir } = openCliWorld(configuration)
  const { code, stdout, stderr } = await run('status')
  expect(stderr).toContain(
    `the broker ${stateDir}/broker.db does not exist yet: no beat or worker has run here`,
  )
  expect(stdout).toContain('beat     no beat leads\nworker   no worker\njournal  of here, ')
  expect(stdout).toMatch(/^nightly +2099-01-01 02:00/m)
  expect(stdout).toMatch(/^report +disabled$/m)
  expect(code).toBe(0)
  expect((await run('status', '--json')).json()).toMatchObject({
    broker: { exists: false },
    leader: null,
    workers: [],
    journal: { host: 'here', exists: false },
    queues: [{ name: 'taskbeat' }, { name: 'slow' }],
  })
})

async function openBusyWorld(file = configuration) {
  const world = openCliWorld(file)
  const broker = connectSqlite(join(world.stateDir, 'broker.db'))
  const term = await broker.lead(
    { group: 'main', host: 'there', pid: 4712, scheduleHash: 'abc' },
    new AbortController().signal,
  )
  await term.emit({
    messages: [anOccurrence('nightly', {}, { eta: soon(60_000) })],
    replacements: [],
    revocations: [],
    cursor: { due: at('2026-11-22T02:00Z'), entry: 'nightly' },
  })
  broker.consume({ queues: ['taskbeat'], slots: 3, deliver: () => {} })
  const { ran, record } = writeJournal(world.stateDir)
  const times = { from: at('2026-11-22T02:00Z'), to: at('2026-11-22T02:00:02.500Z') }
  const message = anOccurrence('nightly', { due: at('2026-11-22T02:00Z') }, { task: 'nightly' })
  await ran(message, { kind: 'failed', reason: 'exit code 1', exitCode: 1 }, times)
  await record.recordMissed([aMissedRecord(), aMissedRecord({ entry: 'report' })])
  return { ...world, term, message }
}

test('who leads, who works, what waits, and how each entry fared is on one page', async () => {
  const { run, term } = await openBusyWorld()
  const { stdout } = await run('status')
  expect(stdout).toMatch(
    /^beat +on there, pid 4712, leads since .* ago\), everything that is due is emitted$/m,
  )
  expect(stdout).toMatch(
    /^worker +on here, pid \d+, started .* ago, 0 of 3 slots busy, takes from taskbeat$/m,
  )
  expect(stdout).toMatch(/^taskbeat +0 +1 +0 +0 +1$/m)
  expect(stdout).toMatch(/^slow +0 +0 +0 +0 +0$/m)
  expect(stdout).toMatch(/^nightly .*ago\) +failed +2\.5s +2099/m)
  expect(stdout).toMatch(/^report .*ago\) +missed +disabled$/m)
  await term.resign()
  expect((await run('status')).stdout).toContain('no beat leads; the last to lead, on there, pid 4712, since')
})

test('a beat that is behind with an entry shows how far it has come', async () => {
  const { run } = await openBusyWorld('schedules: { nightly: { every: 1s, shell: x } }')
  expect((await run('status')).stdout).toMatch(/^beat .* ago\), everything emitted through ./m)
})

test('the last and the next run of an entry are told by the same clock', async () => {
  const { run } = await openBusyWorld(
    'schedules: { nightly: { at: 2099-01-01T02:00Z, shell: x, timezone: Asia/Tokyo } }',
  )
  const { stdout } = await run('status')
  expect(stdout).toMatch(/^nightly +.*11:00 Asia\/Tokyo \(.* ago\) .* 2099-01-01 11:00 Asia\/Tokyo/m)
})

test('--json has the same for programs', async () => {
  const { run, message, stateDir } = await openBusyWorld()
  const iso = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  expect((await run('status', '--json')).json()).toEqual({
    broker: { place: join(stateDir, 'broker.db'), exists: true },
    group: 'main',
    leader: {
      host: 'there',
      pid: 4712,
      since: iso,
      alive: true,
      epoch: 1,
      emitted_through: '2026-11-22T02:00:00.000Z',
    },
    standbys: [],
    other_leaders: [],
    takes_nothing: false,
    workers: [
      { host: 'here', pid: process.pid, since: iso, queues: ['taskbeat'], awaits: [], slots: 3, running: 0 },
    ],
    queues: [
      { name: 'taskbeat', ready: 0, scheduled: 1, running: 0, dead: 0, workers: 1 },
      { name: 'slow', ready: 0, scheduled: 0, running: 0, dead: 0, workers: 0 },
    ],
    delayed: 0,
    journal: { host: 'here', path: join(stateDir, 'journal.db'), exists: true },
    entries: [
      {
        entry: 'nightly',
        task: 'nightly',
        timezone: 'UTC',
        enabled: true,
        next: '2099-01-01T02:00:00.000Z',
        last: {
          id: message.id,
          entry: 'nightly',
          task: 'nightly',
          due: '2026-11-22T02:00:00.000Z',
          started: '2026-11-22T02:00:00.000Z',
          finished: '2026-11-22T02:00:02.500Z',
          outcome: 'failed',
          attempts: 1,
          host: 'here',
        },
      },
      {
        entry: 'report',
        task: 'report',
        timezone: 'UTC',
        enabled: false,
        next: null,
        last: expect.objectContaining({ id: null, outcome: 'missed', count: 2, reason: 'too_old' }),
      },
    ],
  })
})
