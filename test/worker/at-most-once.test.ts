import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { milliseconds } from '../../src/core/instant.ts'
import { defineTask } from '../../src/index.ts'
import { narrate } from '../../src/observe/narrate.ts'
import { startNode } from '../support/child.ts'
import { aMessage, anOccurrence } from '../support/messages.ts'
import { processesOfRun } from '../support/processes.ts'
import { sqliteProcess } from '../support/sqlite-world.ts'
import { aModuleTask, aScript, registryOf } from '../support/tasks.ts'
import { openWorkerWorld } from '../support/worker-world.ts'
import { workerProcess } from './worker-process-path.ts'

const delivery = 'at_most_once' as const
const eventually = <T>(look: () => T | Promise<T>) => expect.poll(look, { timeout: 30_000, interval: 10 })
const reported = {
  outcome: { kind: 'interrupted', reason: 'its worker died, and it runs at most once' },
  verdict: { kind: 'ack' },
}

/** A task that runs at most once, and who is told of its failures. */
function openWorld(script: string) {
  const notices: Record<string, unknown>[] = []
  const notify = defineTask('notify', (_ctx, notice: Record<string, unknown>) => void notices.push(notice))
  const registry = registryOf(aScript(script, { delivery, onFailure: 'notify' }), aModuleTask(notify))
  return { ...openWorkerWorld({ registry, grace: milliseconds(50) }), notices }
}

describe('a run that is made at most once', () => {
  test('ends as interrupted when its worker is killed: the next reports it, and nobody makes it again', async () => {
    const { broker, directory, journal, log, notices, worker } = openWorld('echo again')
    const message = anOccurrence('nightly')
    await broker.publish([message])
    const script = 'echo first; sleep 1000'
    const killed = startNode(workerProcess, [directory, script, delivery])
    expect(await killed.line()).toBe('first')
    await killed.kill()
    await worker.start()
    const ended = await log.first('runEnded')
    expect(ended).toMatchObject(reported)
    expect(narrate({ from: 'worker', event: ended }).level).toBe('error')
    await eventually(() => notices).toMatchObject([
      {
        id: message.id,
        entry: 'nightly',
        outcome: 'interrupted',
        attempts: 1,
        error: reported.outcome.reason,
      },
    ])
    expect(processesOfRun(message.id)).toEqual([])
    expect(log.of('outputLine')).toEqual([])
    expect(journal.attempts(message.id)).toMatchObject([
      { outcome: 'interrupted', started: expect.any(Number) },
    ])
    await eventually(() => [...journal.untold()]).toEqual([])
  })

  test('is reported when its worker dies before it has told the broker, and does not run then either', async () => {
    const { broker, directory, log, worker } = openWorld('echo ran')
    const message = aMessage()
    const dead = startNode(sqliteProcess, [
      'claim-once',
      join(directory, 'journal.db'),
      JSON.stringify(message),
    ])
    expect(await dead.line()).toBe('granted')
    await dead.kill()
    await broker.publish([message])
    await worker.start()
    expect(await log.first('runEnded', ({ message: { task } }) => task === 'demo')).toMatchObject(reported)
    await eventually(async () => {
      const [queue] = (await broker.status()).queues
      return queue ? queue.ready + queue.scheduled + queue.running : 0
    }).toBe(0)
    expect(log.of('runStarted').filter(({ message: { task } }) => task === 'demo')).toEqual([])
  })

  test('is told by whoever ended it, once the queue of the word takes it', async () => {
    const { directory, faults, log, notices, worker } = openWorld('echo ran')
    const message = aMessage()
    const claim = ['claim-once', join(directory, 'journal.db'), JSON.stringify(message)]
    const dead = startNode(sqliteProcess, claim)
    expect(await dead.line()).toBe('granted')
    await dead.kill()
    faults.publish = true
    await worker.start()
    await log.first('noticeFailed')
    faults.publish = false
    await eventually(() => notices).toMatchObject([{ id: message.id, outcome: 'interrupted' }])
  })

  test('is over when a stop interrupts it', async () => {
    const { broker, log, notices, worker } = openWorld('echo ready; sleep 1000')
    await worker.start()
    await broker.publish([aMessage()])
    await log.first('outputLine')
    await worker.stop(new AbortController().signal)
    expect(log.of('runEnded')).toMatchObject([
      { outcome: { kind: 'interrupted' }, verdict: { kind: 'deadLetter', reason: 'the worker stopped' } },
    ])
    expect(notices).toEqual([])
    expect((await broker.status()).queues).toMatchObject([{ ready: 1, dead: 1 }]) // the word of it
  })

  test('has one attempt, also when it asks for another', async () => {
    const { broker, log, worker } = openWorld('exit 75')
    await worker.start()
    await broker.publish([aMessage()])
    expect(await log.first('runEnded')).toMatchObject({
      outcome: { kind: 'failed', reason: 'exit code 75' },
      verdict: { kind: 'deadLetter', reason: 'exit code 75' },
    })
  })
})
