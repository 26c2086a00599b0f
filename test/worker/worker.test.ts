import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Broker } from '../../src/broker/broker.ts'
import { instant, milliseconds } from '../../src/core/instant.ts'
import { defineTask } from '../../src/index.ts'
import { defaultBackoff } from '../../src/task/retry-policy.ts'
import { startNode } from '../support/child.ts'
import { fastClock } from '../support/fast-clock.ts'
import { aMessage, anOccurrence, soon } from '../support/messages.ts'
import { processesOfRun } from '../support/processes.ts'
import { sqliteProcess } from '../support/sqlite-world.ts'
import { aModuleTask, aScript, registryOf } from '../support/tasks.ts'
import { openWorkerWorld } from '../support/worker-world.ts'
import { workerProcess } from './worker-process-path.ts'

/** Looks again until it is so; nothing tells when a settled message has left its queue. */
function eventually<T>(look: () => T | Promise<T>) {
  return expect.poll(look, { timeout: 30_000, interval: 10 })
}

const never = new AbortController().signal

/** A task that runs until it is told to end; `started` resolves with each run's attempt, in order. */
function gated(name = 'demo') {
  const gate = Promise.withResolvers<void>()
  let most = 0
  let now = 0
  const task = defineTask(name, async () => {
    most = Math.max(most, ++now)
    await gate.promise
    now--
  })
  return { task: aModuleTask(task), open: () => gate.resolve(), most: () => most, executing: () => now }
}

async function queueOf(broker: Broker) {
  const { queues } = await broker.status()
  const {
    ready = 0,
    scheduled = 0,
    running = 0,
    dead = 0,
  } = queues.find(({ name }) => name === 'taskbeat') ?? {}
  return { ready, scheduled, running, dead }
}

const empty = { ready: 0, scheduled: 0, running: 0, dead: 0 }

describe('a delivery', () => {
  test('is executed, judged, recorded and settled', async () => {
    const { broker, journal, log, worker } = openWorkerWorld({ registry: registryOf(aScript('echo done')) })
    await worker.start()
    const message = aMessage()
    await broker.publish([message])
    const ended = await log.first('runEnded')
    expect(ended).toMatchObject({ outcome: { kind: 'succeeded' }, verdict: { kind: 'ack' } })
    expect(ended.ran?.lateness).toBeGreaterThanOrEqual(0)
    await eventually(() => queueOf(broker)).toEqual(empty)
    expect(journal.attempts(message.id)).toMatchObject([{ outcome: 'succeeded', output: { head: 'done\n' } }])
    expect(log.all.map(({ kind }) => kind)).toEqual(['workerStarted', 'runStarted', 'outputLine', 'runEnded'])
  })

  test('whose attempt fails comes again as the next, and is dead when its task has no more', async () => {
    const retry = { max: 1, backoff: { ...defaultBackoff, firstMs: 1 } }
    const { broker, log, worker } = openWorkerWorld({ registry: registryOf(aScript('exit 3', { retry })) })
    await worker.start()
    const message = aMessage()
    await broker.publish([message])
    const last = await log.first('runEnded', (event) => event.message.attempt === 2)
    expect(last.verdict).toEqual({ kind: 'deadLetter', reason: 'exit code 3' })
    expect(log.of('runEnded')[0]?.verdict.kind).toBe('retry')
    await eventually(() => queueOf(broker)).toEqual({ ...empty, dead: 1 })
  })

  test('of an occurrence that will be replaced leaves no dead letter when it fails', async () => {
    const { broker, log, worker } = openWorkerWorld({ registry: registryOf(aScript('exit 3')) })
    await worker.start()
    await broker.publish([anOccurrence('nightly')])
    expect(await log.first('runEnded')).toMatchObject({
      outcome: { kind: 'failed' },
      verdict: { kind: 'ack' },
    })
    await eventually(() => queueOf(broker)).toEqual(empty)
  })

  test('of an attempt that has ended before is settled as recorded and not executed', async () => {
    const { broker, journal, log, worker } = openWorkerWorld({ registry: registryOf(aScript('echo ran')) })
    // Expired as well: what is recorded goes before that.
    const message = anOccurrence('nightly', { startBy: soon(-1_000) })
    await journal.claim({ message, now: soon(0) })
    await journal.record({
      message,
      outcome: { kind: 'failed', reason: 'exit code 3' },
      verdict: { kind: 'deadLetter', reason: 'exit code 3' },
      started: soon(-10),
      finished: soon(0),
    })
    await broker.publish([message])
    await worker.start()
    await eventually(() => queueOf(broker)).toEqual({ ...empty, dead: 1 })
    expect(log.of('runStarted')).toEqual([])
    expect(journal.attempts(message.id)).toMatchObject([{ outcome: 'failed' }])
  })

  test('that an older copy of a later attempt carries is dropped', async () => {
    const { broker, journal, log, worker } = openWorkerWorld({ registry: registryOf(aScript('echo ran')) })
    const message = aMessage()
    await journal.claim({ message: { ...message, attempt: 2 }, now: soon(0) })
    await broker.publish([message])
    await worker.start()
    await eventually(() => queueOf(broker)).toEqual(empty)
    expect(log.of('runStarted')).toEqual([])
  })

  test('whose attempt a living worker is at is given back for a moment', async () => {
    const { broker, journal, log, worker } = openWorkerWorld({ registry: registryOf(aScript('echo ran')) })
    const message = aMessage()
    await journal.claim({ message, now: soon(0) })
    await broker.publish([message])
    await worker.start()
    await eventually(() => queueOf(broker)).toEqual({ ...empty, scheduled: 1 })
    expect(log.of('runStarted')).toEqual([])
  })

  test('that must not start because its entry runs is recorded as skipped', async () => {
    const running = gated()
    const { broker, log, worker } = openWorkerWorld({ registry: registryOf(running.task) })
    await worker.start()
    await broker.publish([anOccurrence('nightly', { overlap: 'skip' })])
    await log.first('runStarted')
    await broker.publish([anOccurrence('nightly', { overlap: 'skip', due: soon(0) })])
    expect(await log.first('runEnded')).toMatchObject({
      outcome: { kind: 'skipped' },
      verdict: { kind: 'ack' },
      ran: undefined,
    })
    running.open()
    await log.first('runEnded', ({ outcome }) => outcome.kind === 'succeeded')
    await eventually(() => queueOf(broker)).toEqual(empty)
  })
})

describe('expiry', () => {
  test('keeps a first attempt from starting once its successor is due', async () => {
    const { broker, log, worker } = openWorkerWorld({ registry: registryOf(aScript('echo ran')) })
    await worker.start()
    await broker.publish([anOccurrence('nightly', { startBy: instant(Date.now() - 1) })])
    expect(await log.first('runEnded')).toMatchObject({
      outcome: { kind: 'expired' },
      verdict: { kind: 'ack' },
    })
    expect(log.of('runStarted')).toEqual([])
  })

  test('by the successor does not bound a retry', async () => {
    const { broker, log, worker } = openWorkerWorld({ registry: registryOf(aScript('true')) })
    await worker.start()
    await broker.publish([anOccurrence('nightly', { startBy: soon(-1) }, { attempt: 2 })])
    expect(await log.first('runEnded')).toMatchObject({ outcome: { kind: 'succeeded' } })
  })

  test('that was asked for bounds every attempt, also of an unknown task', async () => {
    const { broker, log, worker } = openWorkerWorld({ registry: registryOf(aScript('true')) })
    await worker.start()
    const expires = soon(-1)
    await broker.publish([aMessage({ attempt: 2, expires }), aMessage({ task: 'unknown', expires })])
    await log.first('runEnded', ({ message }) => message.task === 'unknown')
    expect((await log.first('runEnded', ({ message }) => message.attempt === 2)).outcome).toEqual({
      kind: 'expired',
      at: expires,
      reason: 'it had not started when it expired',
    })
  })
})

describe('a task that is not defined here', () => {
  test('is looked for in the configuration, and run when it is there now', async () => {
    let asked = 0
    const world = openWorkerWorld({
      refresh: async () => {
        asked++
        world.worker.reload({ ...world.plan, registry: registryOf(aScript('true')) })
      },
    })
    await world.worker.start()
    await world.broker.publish([aMessage()])
    expect(await world.log.first('runEnded')).toMatchObject({ outcome: { kind: 'succeeded' } })
    expect(asked).toBe(1)
    expect(world.log.of('taskUnknown')).toEqual([])
  })

  test.each(['__proto__', 'constructor', 'toString', 'x y; $(id)'])(
    'is given back, whatever it is called: %j',
    async (task) => {
      const { broker, log, worker } = openWorkerWorld({ registry: registryOf(aScript('true')) })
      await worker.start()
      await broker.publish([aMessage({ task })])
      expect((await log.first('taskUnknown')).task).toBe(task)
      await eventually(() => queueOf(broker)).toEqual({ ...empty, scheduled: 1 })
      expect(log.of('runStarted')).toEqual([])
    },
  )
})

describe('when a worker has died', () => {
  test('its run is taken over, once what is left of it is killed', async () => {
    const { broker, directory, journal, log, worker } = openWorkerWorld({
      registry: registryOf(aScript('echo ran')),
    })
    const message = aMessage()
    const dead = startNode(sqliteProcess, ['claim', join(directory, 'journal.db'), JSON.stringify(message)])
    expect(await dead.line()).toBe('granted')
    const left = spawn('sleep', ['1000'], {
      detached: true,
      env: { PATH: process.env.PATH, TASKBEAT_ID: message.id },
    })
    onTestFinished(() => void left.kill('SIGKILL'))
    await once(left, 'spawn')
    await dead.kill()
    await broker.publish([message])
    await worker.start()
    expect(await log.first('runTakenOver')).toMatchObject({ killed: 1 })
    expect(processesOfRun(message.id)).not.toContain(left.pid)
    expect(await log.first('runEnded')).toMatchObject({ outcome: { kind: 'succeeded' } })
    expect(journal.attempts(message.id)).toMatchObject([{ outcome: 'succeeded', interruptions: 1 }])
  })
})

test('a worker that is killed takes its run along, and another makes it again', async () => {
  const { broker, directory, journal, log, worker } = openWorkerWorld({
    registry: registryOf(aScript('echo again')),
  })
  const message = aMessage()
  await broker.publish([message])
  const killed = startNode(workerProcess, [
    directory,
    'trap "" TERM; echo first; sleep 1000 & wait; sleep 1000',
  ])
  expect(await killed.line()).toBe('first')
  await killed.kill()
  await worker.start()
  expect(await log.first('runEnded')).toMatchObject({
    message: { attempt: 1 },
    outcome: { kind: 'succeeded' },
  })
  expect(log.of('runTakenOver')).toHaveLength(1)
  expect(processesOfRun(message.id)).toEqual([])
  expect(journal.attempts(message.id)).toMatchObject([{ interruptions: 1, output: { head: 'again\n' } }])
})

describe('while the journal cannot be written', () => {
  test('nothing starts and nothing is lost, it is said once, and work goes on by itself', async () => {
    const { broker, faults, log, worker } = openWorkerWorld({ registry: registryOf(aScript('true')) })
    faults.claim = true
    await worker.start()
    await broker.publish(Array.from({ length: 20 }, () => aMessage()))
    await log.first('journalUnwritable')
    await eventually(async () => (await queueOf(broker)).running).toBe(0)
    expect(log.of('runStarted')).toEqual([])
    faults.claim = false
    await log.first('journalRecovered')
    await eventually(() => log.of('runEnded').length).toBe(20)
    expect(log.of('journalUnwritable')).toHaveLength(1)
  })

  test('a run that has ended waits to be recorded, and is executed once', async () => {
    const { broker, faults, journal, log, worker } = openWorkerWorld({
      registry: registryOf(aScript('true')),
    })
    await worker.start()
    faults.record = true
    const message = aMessage()
    await broker.publish([message])
    await log.first('journalUnwritable')
    expect(await queueOf(broker)).toEqual({ ...empty, running: 1 })
    faults.record = false
    await log.first('runEnded')
    await log.first('journalRecovered')
    await eventually(() => queueOf(broker)).toEqual(empty)
    expect(journal.attempts(message.id)).toMatchObject([{ outcome: 'succeeded' }])
    expect(log.of('runStarted')).toHaveLength(1)
  })

  test('a stop ends by itself once its grace is over: the message of what it cannot record is kept by the broker', async () => {
    const registry = registryOf(aScript('true'))
    const { broker, faults, log, worker } = openWorkerWorld({ registry, grace: milliseconds(50) })
    await worker.start()
    faults.record = true
    await broker.publish([aMessage()])
    await log.first('journalUnwritable')
    await worker.stop(never)
    expect(log.of('runLeftUnsettled')).toHaveLength(1)
    expect(await queueOf(broker)).toEqual({ ...empty, running: 1 })
  })

  test('a stop in a hurry leaves what it cannot record, and says so', async () => {
    const { broker, faults, log, worker } = openWorkerWorld({ registry: registryOf(aScript('true')) })
    await worker.start()
    faults.record = true
    await broker.publish([aMessage()])
    await log.first('journalUnwritable')
    await worker.stop(AbortSignal.abort())
    expect(log.of('runLeftUnsettled')).toHaveLength(1)
    expect(await queueOf(broker)).toEqual({ ...empty, running: 1 })
  })
})

test('what the broker could not be told is told again', async () => {
  const { broker, faults, log, worker } = openWorkerWorld({ registry: registryOf(aScript('true')) })
  await worker.start()
  faults.settle = true
  await broker.publish([aMessage()])
  await log.first('settleFailed')
  faults.settle = false
  await eventually(() => queueOf(broker)).toEqual(empty)
  expect(log.of('runStarted')).toHaveLength(1)
  expect(log.of('settleFailed')).toHaveLength(1)
})

describe('a stop', () => {
  test('leaves to be told again what the broker neither takes nor refuses', async () => {
    const { broker, faults, log, worker } = openWorkerWorld({
      registry: registryOf(aScript('true')),
      clock: fastClock(20),
    })
    await worker.start()
    faults.settle = 'without an answer'
    await broker.publish([aMessage()])
    await log.first('runEnded')
    await worker.stop(AbortSignal.abort())
    expect(log.of('workerStopped')).toHaveLength(1)
    expect(await queueOf(broker)).toEqual({ ...empty, running: 1 })
  })

  test('lets what runs finish and takes no new work', async () => {
    const running = gated()
    const { broker, log, worker } = openWorkerWorld({ registry: registryOf(running.task) })
    await worker.start()
    await broker.publish([aMessage()])
    await log.first('runStarted')
    const stopped = worker.stop(never)
    await log.first('drainStarted')
    await broker.publish([aMessage()])
    running.open()
    await stopped
    expect(log.of('runEnded')).toMatchObject([{ outcome: { kind: 'succeeded' } }])
    expect(await queueOf(broker)).toEqual({ ...empty, ready: 1 })
  })

  test('interrupts what still runs when the grace is over, and gives it back', async () => {
    const { broker, journal, log, worker } = openWorkerWorld({
      registry: registryOf(aScript('echo ready; sleep 1000')),
      grace: milliseconds(50),
    })
    await worker.start()
    const message = aMessage()
    await broker.publish([message])
    await log.first('outputLine')
    await worker.stop(never)
    expect(log.of('runInterrupted')).toHaveLength(1)
    expect(log.of('runEnded')).toMatchObject([
      { outcome: { kind: 'interrupted', reason: 'the worker stopped' }, verdict: { kind: 'release' } },
    ])
    expect(processesOfRun(message.id)).toEqual([])
    expect(await queueOf(broker)).toEqual({ ...empty, ready: 1 })
    expect(await journal.claim({ message, now: soon(0) })).toEqual({
      kind: 'granted',
      interruptions: 0,
      begun: true,
    })
  })

  test('that is called again with a deadline that has passed means now', async () => {
    const { broker, log, worker } = openWorkerWorld({
      registry: registryOf(aScript('trap "" TERM; echo ready; while :; do sleep 1; done')),
    })
    await worker.start()
    await broker.publish([aMessage()])
    await log.first('outputLine')
    const stopped = worker.stop(never)
    await log.first('drainStarted')
    await worker.stop(AbortSignal.abort())
    await stopped
    expect(log.of('runEnded')).toMatchObject([{ outcome: { kind: 'interrupted' } }])
    expect(await queueOf(broker)).toEqual({ ...empty, ready: 1 })
  })

  test('is harmless before start, and twice', async () => {
    const { log, worker } = openWorkerWorld()
    await Promise.all([worker.stop(never), worker.stop(never)])
    expect(log.of('workerStopped')).toHaveLength(1)
  })
})

describe('a reload', () => {
  test('changes what starts, and not what runs', async () => {
    const running = gated()
    const { broker, log, plan, worker } = openWorkerWorld({ registry: registryOf(running.task) })
    await worker.start()
    await broker.publish([aMessage()])
    await log.first('runStarted')
    worker.reload({ ...plan, registry: registryOf(aScript('echo new')) })
    await broker.publish([aMessage()])
    await log.first('outputLine', ({ line }) => line === 'new')
    running.open()
    await eventually(() => log.of('runEnded').length).toBe(2)
  })

  test('may take other queues', async () => {
    const { broker, log, plan, worker } = openWorkerWorld({ registry: registryOf(aScript('true')) })
    await worker.start()
    await broker.publish([aMessage({ queue: 'slow' })])
    worker.reload({ ...plan, registry: registryOf(aScript('true')), queues: ['slow'] })
    expect((await log.first('runEnded')).message.queue).toBe('slow')
  })

  test('never lets more run at once than either plan says', async () => {
    const running = gated()
    const registry = registryOf(running.task)
    const { broker, log, plan, worker } = openWorkerWorld({ registry, concurrency: 3 })
    await worker.start()
    await broker.publish(Array.from({ length: 10 }, () => aMessage()))
    await eventually(() => running.executing()).toBe(3)
    worker.reload({ ...plan, registry, concurrency: 2 })
    await eventually(async () => (await broker.status()).workers.map(({ slots }) => slots)).toEqual([2])
    expect((await queueOf(broker)).running).toBe(3)
    expect(running.executing()).toBe(3)
    running.open()
    await eventually(() => log.of('runEnded').length).toBe(10)
    expect(running.most()).toBe(3)
  })
})
