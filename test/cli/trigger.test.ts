import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { instant } from '../../src/core/instant.ts'
import { isUuid } from '../../src/core/uuid.ts'
import type { TaskMessage } from '../../src/task/task-message.ts'
import { connectAmqp } from '../support/amqp-broker-world.ts'
import { Inbox } from '../support/inbox.ts'
import { soon } from '../support/messages.ts'
import { useRabbitmq } from '../support/rabbitmq.ts'
import { connectSqlite } from '../support/sqlite-world.ts'
import { type CliWorld, openCliWorld } from './cli-world.ts'
import { writeJournal } from './journal-world.ts'
import { standInWorker } from './stand-in-worker.ts'

const rabbitmq = useRabbitmq()
const tooBad = { outcome: 'failed', error: { name: 'Error', message: 'too bad' } } as const

const configuration = `schedules:
  off: { cron: "0 2 * * *", task: t, enabled: false, queue: slow, priority: 7, overlap: queue, args: [1], kwargs: { to: me }, expires: 1h }
  nightly: { cron: "0 2 * * *", shell: x }
  each: { every: 1m, task: t, queue: slow, missed: all }
tasks:
  t: { command: [x], stdin: json }
`

function openWorld(): CliWorld & { readonly inbox: Inbox } {
  const world = openCliWorld(configuration)
  const inbox = new Inbox()
  connectSqlite(join(world.stateDir, 'broker.db')).consume({
    queues: ['slow'],
    slots: 10,
    deliver: inbox.deliver,
  })
  return { ...world, inbox }
}

test('an entry is triggered as it is, though it is disabled, and its id is printed', async () => {
  const { run, inbox } = openWorld()
  const before = Date.now()
  const { code, stdout, stderr } = await run('trigger', 'off')
  const { message } = await inbox.next()
  expect(stdout).toBe(`${message.id}\n`)
  expect(isUuid(message.id)).toBe(true)
  expect(message.eta).toBeGreaterThanOrEqual(before)
  expect(message).toEqual({
    id: message.id,
    task: 't',
    args: [1],
    kwargs: { to: 'me' },
    queue: 'slow',
    priority: 7,
    eta: message.eta,
    attempt: 1,
    expires: instant(message.eta + 3_600_000),
    occurrence: {
      entry: 'off',
      due: message.eta,
      stamp: { epoch: 0, seq: 0 },
      overlap: 'queue',
      waitLimit: 10,
      replaceable: false,
    },
  } satisfies TaskMessage)
  expect(stderr).toBe('using ./schedules.yaml\n')
  expect(code).toBe(0)
})

test('as many may wait behind an entry that makes up for all as for its own occurrences', async () => {
  const { run, inbox } = openWorld()
  await run('trigger', 'each')
  const { message } = await inbox.next()
  expect(message.occurrence).toMatchObject({ overlap: 'queue', waitLimit: 1_000 })
})

test('--json tells what was sent', async () => {
  const { run, inbox } = openWorld()
  const { json } = await run('trigger', 'off', '--json')
  const { message } = await inbox.next()
  expect(json()).toEqual({
    id: message.id,
    entry: 'off',
    task: 't',
    queue: 'slow',
    eta: new Date(message.eta).toISOString(),
  })
})

test('that no worker takes from the queue is said, and it is sent all the same', async () => {
  const { run } = openWorld()
  const { code, stdout, stderr } = await run('trigger', 'nightly')
  expect(stdout).not.toBe('')
  expect(stderr).toContain('no worker takes from the queue taskbeat now; it waits there for one')
  expect(code).toBe(0)
})

test('a queue that the configuration does not name may be a slip', async () => {
  const { run } = openWorld()
  const typo = await run('send', 't', '--queue', 'sloow')
  expect(typo.stderr).toContain('no worker takes from the queue sloow now; it waits there for one\n')
  expect(typo.stderr).toContain('the configuration names no such queue; did you mean slow?\n')
  expect(typo.code).toBe(0)
  expect((await run('trigger', 'nightly')).stderr).not.toContain('no such queue')
})

test('an entry that does not exist is a wrong call', async () => {
  const { code, stderr } = await openWorld().run('trigger', 'nightli')
  expect(stderr).toContain('there is no entry nightli; did you mean nightly?')
  expect(code).toBe(2)
})

test('where no beat or worker has run nothing can be sent, and nothing is made', async () => {
  const { run, stateDir } = openCliWorld(configuration)
  for (const _again of [1, 2]) {
    const { code, stderr } = await run('trigger', 'nightly')
    expect(stderr).toContain(
      `the broker's database ${stateDir}/broker.db does not exist: has a beat or a worker run here?`,
    )
    expect(code).toBe(1)
  }
})

test('--wait prints what is kept of what the run printed, when nothing of it was told, and succeeds with it', async () => {
  const { run, stateDir } = openCliWorld(configuration)
  standInWorker(stateDir, () => [
    {
      kind: 'succeeded',
      output: { head: 'one\r\ntwo\r50%\n', tail: 'last\u001b[2J\n', omittedBytes: 12_345 },
    },
  ])
  const { code, stdout, stderr } = await run('trigger', 'nightly', '--wait')
  expect(stdout).toBe('one\ntwo\n50%\n… 12,345 bytes left out …\nlast\ufffd[2J\n')
  expect(stderr).toMatch(/nightly: waiting for \S+\nnightly: attempt 1 succeeded in 1\.0s\n$/)
  expect(code).toBe(0)
})

test('--wait prints what is told while it runs, each stream as itself, and what is kept not again', async () => {
  const { run, stateDir } = openCliWorld(configuration)
  standInWorker(stateDir, (_message, listener) => {
    listener?.line({ stream: 'stdout', line: 'out', cut: false })
    listener?.line({ stream: 'stderr', line: 'err', cut: false })
    listener?.ended()
    return [{ kind: 'succeeded', output: { head: 'out\nerr\n', tail: '', omittedBytes: 0 } }]
  })
  const { code, stdout, stderr } = await run('trigger', 'nightly', '--wait')
  expect(stdout).toBe('out\n')
  expect(stderr).toMatch(/nightly: waiting for \S+\nerr\nnightly: attempt 1 succeeded in 1\.0s\n$/)
  expect(code).toBe(0)
})

test('--wait tells how an attempt ended between what it and the next have printed', async () => {
  const { run, stateDir } = openCliWorld(configuration)
  standInWorker(stateDir, ({ attempt }, listener) => {
    listener?.line({ stream: 'stderr', line: `line of ${attempt}`, cut: false })
    listener?.ended()
    return attempt === 1
      ? [
          { kind: 'failed', reason: 'no' },
          { kind: 'retry', at: soon(10) },
        ]
      : [{ kind: 'succeeded' }]
  })
  const { stderr } = await run('trigger', 'nightly', '--wait')
  const [, remarks] = stderr.split(/waiting for \S+\n/)
  expect(remarks).toBe(
    'line of 1\nnightly: attempt 1 failed after 1.0s: no; another follows\nline of 2\nnightly: attempt 2 succeeded in 1.0s\n',
  )
})

test('--wait says when the end of what a run has printed did not come', async () => {
  const { run, stateDir } = openCliWorld(configuration)
  standInWorker(stateDir, (_message, listener) => {
    listener?.line({ stream: 'stdout', line: 'begin', cut: false })
    return [{ kind: 'succeeded', output: { head: 'begin\nend\n', tail: '', omittedBytes: 0 } }]
  })
  const { stdout, stderr } = await run('trigger', 'nightly', '--wait')
  expect(stdout).toBe('begin\n')
  expect(stderr).toMatch(/; not all of its output is here: see taskbeat show \S+\n$/)
})

test('--wait waits through attempts that others follow, and ends with the exit code of the last', async () => {
  const { run, stateDir } = openCliWorld(configuration)
  standInWorker(stateDir, ({ attempt }) =>
    attempt === 1
      ? [
          { kind: 'failed', reason: 'exit code 3', exitCode: 3 },
          { kind: 'retry', at: soon(50) },
        ]
      : [
          {
            kind: 'failed',
            reason: 'exit code 4',
            exitCode: 4,
            output: { head: 'no', tail: '', omittedBytes: 0 },
          },
        ],
  )
  const { code, stdout, stderr } = await run('trigger', 'nightly', '--wait')
  expect(stdout).toBe('no\n')
  expect(stderr).toContain('nightly: attempt 1 failed after 1.0s: exit code 3; another follows\n')
  expect(stderr).toMatch(/nightly: attempt 2 failed after 1\.0s: exit code 4\n$/)
  expect(code).toBe(4)
})

test('--wait fails with a run that has no exit code', async () => {
  const { run, stateDir } = openCliWorld(configuration)
  standInWorker(stateDir, () => [{ kind: 'skipped', reason: 'another run executes' }])
  const { code, stderr } = await run('trigger', 'nightly', '--wait')
  expect(stderr).toContain('nightly: attempt 1 skipped')
  expect(code).toBe(1)
})

test('--wait-timeout waits for so long at the most, and tells of a run that goes on', async () => {
  const { run, stateDir } = openCliWorld(configuration)
  writeJournal(stateDir)
  connectSqlite(join(stateDir, 'broker.db'))
  const { code, stdout, stderr } = await run('trigger', 'nightly', '--wait-timeout', '150ms')
  expect(stdout).toBe('')
  expect(stderr).toMatch(
    /nightly: waiting for (\S+)\nno worker takes from .*\n\1 has not ended within 150ms; it is left as it is\n$/,
  )
  expect(code).toBe(124)
  expect((await connectSqlite(join(stateDir, 'broker.db')).status()).queues).toMatchObject([
    { name: 'taskbeat' },
  ])
})

test('--wait-timeout has no say in a run that ends in time', async () => {
  const { run, stateDir } = openCliWorld(configuration)
  standInWorker(stateDir, () => [{ kind: 'succeeded', output: { head: 'done', tail: '', omittedBytes: 0 } }])
  const { code, stdout } = await run('trigger', 'nightly', '--wait-timeout', '1h')
  expect(stdout).toBe('done\n')
  expect(code).toBe(0)
  expect((await run('trigger', 'nightly', '--wait-timeout', '5')).code).toBe(2)
})

test('--wait --json prints the run as show does', async () => {
  const { run, stateDir } = openCliWorld(configuration)
  standInWorker(stateDir, (_message, listener) => {
    expect(listener).toBeUndefined()
    return [{ kind: 'succeeded' }]
  })
  const { json } = await run('trigger', 'nightly', '--wait', '--json')
  const { id } = json() as { id: string }
  expect((await run('show', id, '--json')).json()).toEqual(json())
  expect(json()).toMatchObject({ entry: 'nightly', attempts: [{ outcome: 'succeeded', output: null }] })
})

test('--wait ends with a run that is written down nowhere', async () => {
  const { run, stateDir } = openCliWorld(configuration)
  writeJournal(stateDir)
  connectSqlite(join(stateDir, 'broker.db')).consume({
    queues: ['taskbeat'],
    slots: 1,
    deliver: (delivery) => void delivery.settle({ kind: 'ack' }, { result: tooBad, forgetAt: soon(60_000) }),
  })
  const { code, stdout, stderr } = await run('send', 't', '--wait')
  expect(stdout).toBe('')
  expect(stderr).toContain('t: failed: too bad; its output is not kept on this host\n')
  expect(code).toBe(1)
}, 20_000)

test('--wait on RabbitMQ ends with a run of another host, also where none has run', async () => {
  const url = await rabbitmq.url()
  const { run } = openCliWorld(`broker: { url: "${url}" }\n${configuration}`)
  const worker = connectAmqp(url).consume({
    queues: ['taskbeat'],
    slots: 1,
    deliver: (delivery) =>
      void delivery.settle(
        { kind: 'ack' },
        { result: { outcome: 'succeeded', value: 8 }, forgetAt: soon(60_000) },
      ),
  })
  onTestFinished(() => worker.stop())
  const { code, stderr, json } = await run('trigger', 'nightly', '--wait', '--json')
  expect(stderr).toContain('nightly: succeeded; its output is not kept on this host\n')
  expect(json()).toMatchObject({
    entry: 'nightly',
    task: 'nightly',
    result: { outcome: 'succeeded', value: 8 },
  })
  expect(code).toBe(0)
}, 20_000)

test("--wait on RabbitMQ prints what another host's command prints, and ends with its exit code", async () => {
  const url = await rabbitmq.url()
  const { run } = openCliWorld(`broker: { url: "${url}" }\n${configuration}`)
  const worker = connectAmqp(url).consume({
    queues: ['taskbeat'],
    slots: 1,
    deliver: (delivery) => {
      delivery.listener?.line({ stream: 'stdout', line: 'from afar', cut: false })
      delivery.listener?.ended()
      void delivery.settle({ kind: 'ack' }, { result: { ...tooBad, exitCode: 3 }, forgetAt: soon(60_000) })
    },
  })
  onTestFinished(() => worker.stop())
  const { code, stdout, stderr } = await run('trigger', 'nightly', '--wait')
  expect(stdout).toBe('from afar\n')
  expect(stderr).toMatch(/nightly: failed: too bad\n$/)
  expect(code).toBe(3)
}, 20_000)

test('who cannot read the journal waits for nothing, and nothing is sent', async () => {
  const { run, stateDir } = openCliWorld(configuration)
  const broker = connectSqlite(join(stateDir, 'broker.db'))
  const { code } = await run('trigger', 'nightly', '--wait')
  expect(code).toBe(1)
  expect((await broker.status()).queues).toEqual([])
  writeJournal(stateDir)
})
