import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { instant, milliseconds } from '../../src/core/instant.ts'
import { defineTask } from '../../src/index.ts'
import type { Ending, Journal } from '../../src/journal/journal.ts'
import { openSqliteJournal } from '../../src/sqlite/sqlite-journal.ts'
import { failureNotice } from '../../src/task/failure-notice.ts'
import { defaultBackoff } from '../../src/task/retry-policy.ts'
import type { TaskDefinition } from '../../src/task/task-definition.ts'
import type { TaskMessage } from '../../src/task/task-message.ts'
import { aMessage, anOccurrence, soon } from '../support/messages.ts'
import { aModuleTask, aScript, registryOf } from '../support/tasks.ts'
import { openWorkerWorld, type WorkerWorld } from '../support/worker-world.ts'

/** A world whose task `demo` is this script, and whose task `notify` takes word of its failures. */
function openWorld(script: string, change: Partial<TaskDefinition> = {}, fails = false) {
  const notices: Record<string, unknown>[] = []
  const notify = defineTask('notify', (_ctx, notice: Record<string, unknown>) => {
    notices.push(notice)
    if (fails) throw new Error('nobody listens')
  })
  const registry = registryOf(
    aScript(script, { onFailure: 'notify', ...change }),
    aModuleTask(notify, { onFailure: 'notify' }),
  )
  return { ...openWorkerWorld({ registry }), notices }
}

const eventually = <T>(look: () => T | Promise<T>) => expect.poll(look, { timeout: 30_000, interval: 5 })
const empty = async ({ broker }: Pick<WorkerWorld, 'broker'>) =>
  (await broker.status()).queues.every(({ ready, running, scheduled }) => ready + running + scheduled === 0)

describe('word of a failure', () => {
  test('is sent after the last attempt, with what is known of the run', async () => {
    const retry = { max: 1, backoff: { ...defaultBackoff, firstMs: 1 } }
    const world = openWorld('echo attempt $TASKBEAT_ATTEMPT; exit 3', { retry })
    await world.worker.start()
    const due = instant(Date.UTC(2026, 10, 22))
    const message = anOccurrence('nightly', { due })
    await world.broker.publish([message])
    await eventually(() => world.notices.length).toBe(1)
    expect(world.notices).toEqual([
      {
        entry: 'nightly',
        task: 'demo',
        id: message.id,
        due: '2026-11-22T00:00:00.000Z',
        outcome: 'failed',
        error: 'exit code 3',
        output: 'attempt 2\n',
        attempts: 2,
        host: 'here',
      },
    ])
    await eventually(() => empty(world)).toBe(true)
  })

  test.each([
    [
      'that took too long',
      'sleep 10',
      { timeout: milliseconds(100) },
      'timed_out',
      /time limit of 100ms was reached/,
    ],
    ['that asked for more attempts than it has', 'exit 75', {}, 'failed', /^exit code 75$/],
    ['that was killed', 'kill -9 $$', {}, 'failed', /^killed by SIGKILL$/],
  ] as const)('is sent of a run %s', async (_what, script, change, outcome, error) => {
    const world = openWorld(script, change)
    await world.worker.start()
    await world.broker.publish([aMessage()])
    await eventually(() => world.notices.length).toBe(1)
    expect(world.notices[0]).toMatchObject({
      entry: null,
      due: null,
      outcome,
      error: expect.stringMatching(error),
    })
  })

  test('is not sent of what succeeds, expires, or is interrupted to run again', async () => {
    const world = openWorld('sleep 100')
    const expired = aMessage({ expires: soon(-1) })
    await world.worker.start()
    await world.broker.publish([aMessage(), expired])
    await world.log.first('runEnded', ({ outcome }) => outcome.kind === 'expired')
    await world.log.first('runStarted')
    await world.worker.stop(AbortSignal.abort())
    const left = (await world.broker.status()).queues.map(({ ready }) => ready)
    expect(left).toEqual([1])
  })

  test('is never sent of its own failure', async () => {
    const world = openWorld('exit 3', {}, true)
    await world.worker.start()
    await world.broker.publish([aMessage(), aMessage({ task: 'notify' })])
    await eventually(async () => (await world.broker.deadLetters.list(9)).length).toBe(3)
    await eventually(() => empty(world)).toBe(true)
    expect(world.notices).toHaveLength(2)
  })

  test('waits by itself where the broker does not take it, and the places of the failed runs are free', async () => {
    const world = openWorld('exit 3')
    world.faults.publish = true
    await world.worker.start()
    await world.broker.publish([1, 2, 3].map(() => aMessage())) // more than there are places
    await eventually(async () => (await world.broker.deadLetters.list(9)).length).toBe(3)
    await eventually(() => empty(world)).toBe(true)
    expect(world.log.of('noticeFailed')).toHaveLength(1)
    expect(world.notices).toEqual([])
    world.faults.publish = false
    await eventually(() => world.notices.length).toBe(3)
    await eventually(() => empty(world)).toBe(true)
    expect(world.log.of('runStarted').filter(({ message }) => message.task === 'demo')).toHaveLength(3)
  })

  test('that was not sent before its worker ended is for the next of the host to send', async () => {
    const world = openWorld('exit 3')
    world.faults.publish = true
    await world.worker.start()
    const message = aMessage()
    await world.broker.publish([message])
    await world.log.first('noticeFailed')
    await world.worker.stop(new AbortController().signal)
    await world.journal.close()
    expect([...openJournal(world).untold()]).toMatchObject([
      { message: { id: message.id }, record: { outcome: 'failed' } },
    ])
  })

  test('is not forgotten because the journal could not be read for a while', async () => {
    const world = openWorld('exit 3')
    world.faults.publish = true
    world.faults.reads = 1
    await world.worker.start()
    const recorded = aMessage()
    await recordFailure(world.journal, recorded, { untold: true })
    await world.broker.publish([recorded, aMessage()])
    await eventually(() => world.faults.reads).toBe(0) // as the first is settled again
    await world.log.first('noticeFailed')
    world.faults.reads = 2 // as it is to be told at last
    world.faults.publish = false
    await eventually(() => world.notices.length).toBe(2)
    await eventually(() => empty(world)).toBe(true)
  })

  test('that dead workers left goes out past however much for a queue that is away', async () => {
    const told: unknown[] = []
    const notify = defineTask('notify', (_ctx, { task }: Record<string, unknown>) => void told.push(task))
    const registry = registryOf(
      aScript('true', { name: 'away', onFailure: 'page' }),
      aScript('true', { name: 'there', onFailure: 'notify' }),
      aScript('true', { name: 'page', queue: 'pagers' }),
      aModuleTask(notify),
    )
    const world = openWorkerWorld({ registry })
    world.faults.publish = 'pagers'
    const dead = openJournal(world)
    const failures = Array.from({ length: 150 }, () => aMessage({ task: 'away' }))
    for (const message of [...failures, aMessage({ task: 'there' })])
      await recordFailure(dead, message, { untold: true })
    await dead.close()
    await world.worker.start()
    await eventually(() => told).toEqual(['there'])
    expect([...world.journal.untold()].length).toBe(150)
  })

  test('of a task without a journal waits in the journal too, and holds no place', async () => {
    const world = openWorld('exit 3', { journal: false })
    world.faults.publish = true
    await world.worker.start()
    const message = aMessage()
    await world.broker.publish([message])
    await world.log.first('noticeFailed')
    await eventually(() => empty(world)).toBe(true)
    expect(world.journal.runs({ limit: 10 })).toMatchObject([{ id: message.id, outcome: 'failed' }])
    world.faults.publish = false
    await eventually(() => world.notices.length).toBe(1)
    expect(world.notices[0]).toMatchObject({ id: message.id, task: 'demo' })
  })

  test('keeps no worker from stopping once its grace is over, where the broker refuses to settle', async () => {
    const registry = registryOf(
      aScript('exit 3', { onFailure: 'notify', journal: false }),
      aScript('true', { name: 'notify' }),
    )
    const { broker, faults, log, worker } = openWorkerWorld({ registry, grace: milliseconds(50) })
    faults.settle = true
    await worker.start()
    await broker.publish([aMessage()])
    await log.first('settleFailed')
    await worker.stop(new AbortController().signal)
    expect(log.of('runLeftUnsettled')).toHaveLength(1)
  })

  test('is sent again when the message comes again after a death in between, and told once', async () => {
    const world = openWorld('exit 3')
    const message = aMessage()
    await recordFailure(world.journal, message)
    await world.broker.publish([message])
    await world.worker.start()
    await eventually(() => world.notices.length).toBe(1)
    await eventually(() => empty(world)).toBe(true)
    expect(world.notices[0]).toMatchObject({ id: message.id, error: 'exit code 3', output: 'no\n' })
    // A copy of that message, and one of the notice.
    const copy = failureNotice(
      { ...failed, id: message.id },
      { task: 'notify', queue: 'taskbeat' },
      instant(Date.now()),
    )
    await world.broker.publish([message, copy])
    await eventually(() => empty(world)).toBe(true)
    expect(world.notices).toHaveLength(1)
  })
})

const failed = {
  entry: undefined,
  task: 'demo',
  due: undefined,
  outcome: 'failed',
  error: 'exit code 3',
  attempts: 1,
  host: 'here',
} as const

/** As a worker leaves it that dies before it has told anybody. */
async function recordFailure(
  journal: Journal,
  message: TaskMessage,
  change: Partial<Ending> = {},
): Promise<void> {
  await journal.claim({ message, now: soon(0) })
  await journal.record({
    message,
    outcome: { kind: 'failed', reason: 'exit code 3', output: { head: 'no\n', tail: '', omittedBytes: 0 } },
    verdict: { kind: 'deadLetter', reason: 'exit code 3' },
    started: soon(-10),
    finished: soon(0),
    ...change,
  })
}

/** Another worker's. */
function openJournal({ directory }: WorkerWorld): Journal {
  const path = join(directory, 'journal.db')
  const journal = openSqliteJournal({ path, create: false, host: 'here', pid: process.pid })
  onTestFinished(() => journal.close())
  return journal
}
