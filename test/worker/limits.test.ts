import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Consumer, Intake } from '../../src/broker/broker.ts'
import { milliseconds } from '../../src/core/instant.ts'
import { defineTask } from '../../src/index.ts'
import { aMessage, soon } from '../support/messages.ts'
import { connectSqlite } from '../support/sqlite-world.ts'
import { aModuleTask, aScript, registryOf } from '../support/tasks.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { openWorkerWorld } from '../support/worker-world.ts'

/** A task whose runs end when they are told to. */
function gated(name: string) {
  const gates: (() => void)[] = []
  let executing = 0
  let most = 0
  const task = defineTask(name, async () => {
    most = Math.max(most, ++executing)
    await new Promise<void>((resolve) => gates.push(resolve))
    executing--
  })
  const openOne = (): void => gates.shift()?.()
  return { task, openOne, executing: () => executing, most: () => most }
}

const eventually = <T>(look: () => T) => expect.poll(look, { timeout: 30_000, interval: 5 })
const messagesFor = (task: string, count: number) => Array.from({ length: count }, () => aMessage({ task }))

describe('concurrency of a task', () => {
  test('is never exceeded, and those who wait take no slot from another task', async () => {
    const narrow = gated('narrow')
    const registry = registryOf(
      aModuleTask(narrow.task, { concurrency: 1 }),
      aScript('true', { name: 'other' }),
    )
    const { broker, log, worker } = openWorkerWorld({ registry, concurrency: 2 })
    await broker.publish(messagesFor('narrow', 20))
    await worker.start()
    await eventually(narrow.executing).toBe(1)
    await broker.publish(messagesFor('other', 20))
    await eventually(() => log.of('runEnded').length).toBe(20)
    expect(log.of('runStarted').filter(({ message }) => message.task === 'narrow')).toHaveLength(1)
    for (let ended = 21; ended <= 40; ended++) {
      narrow.openOne()
      await eventually(() => log.of('runEnded').length).toBe(ended)
      if (ended < 40) await eventually(narrow.executing).toBe(1)
    }
    expect(narrow.most()).toBe(1)
  })

  test('lets one wait in the worker, so that the next starts as soon as one has ended', async () => {
    const narrow = gated('narrow')
    const registry = registryOf(aModuleTask(narrow.task, { concurrency: 1 }))
    const { broker, log, worker } = openWorkerWorld({ registry, concurrency: 1 })
    await worker.start()
    await broker.publish(messagesFor('narrow', 2))
    await eventually(narrow.executing).toBe(1)
    const slots = async () => (await broker.status()).workers.map((each) => each.slots)
    await expect.poll(slots, { interval: 5 }).toEqual([1])
    const waiting = async () =>
      (await broker.status()).queues.find(({ name }) => name === 'taskbeat')?.running
    await expect.poll(waiting, { interval: 5 }).toBe(2)
    expect((await broker.status()).workers).toMatchObject([{ running: 1 }])
    narrow.openOne()
    await log.first('runEnded')
    const started = await log.first('runStarted', ({ message }) => message !== log.of('runEnded')[0]?.message)
    expect(log.all.indexOf(started) - log.all.findIndex(({ kind }) => kind === 'runEnded')).toBe(1)
    narrow.openOne()
  })

  test('leaves those who wait out of what the broker is told to execute', async () => {
    const narrow = gated('narrow')
    const registry = registryOf(aModuleTask(narrow.task, { concurrency: 1 }))
    const broker = connectSqlite(join(temporaryDirectory(), 'broker.db'))
    const intakes: Intake[] = []
    const consume = (intake: Intake): Consumer => {
      intakes.push(intake)
      return broker.consume(intake)
    }
    const publish = broker.publish.bind(broker)
    const { log, worker } = openWorkerWorld({ registry, concurrency: 4, broker: { consume, publish } })
    await worker.start()
    await broker.publish(messagesFor('narrow', 2))
    const held = async () => (await broker.status()).queues[0]?.running
    await expect.poll(held, { interval: 5 }).toBe(2)
    await eventually(() => intakes[0]?.executing?.()).toBe(1)
    narrow.openOne()
    await log.first('runEnded')
    await eventually(narrow.executing).toBe(1)
    narrow.openOne()
    await eventually(() => intakes[0]?.executing?.()).toBe(0)
  })

  test('is what a reload says it is', async () => {
    const narrow = gated('narrow')
    const registry = registryOf(aModuleTask(narrow.task, { concurrency: 1 }))
    const { broker, plan, worker } = openWorkerWorld({ registry, concurrency: 4 })
    await worker.start()
    await broker.publish(messagesFor('narrow', 10))
    await eventually(narrow.executing).toBe(1)
    worker.reload({ ...plan, registry: registryOf(aModuleTask(narrow.task, { concurrency: 3 })) })
    await eventually(narrow.executing).toBe(3)
    expect(narrow.most()).toBe(3)
  })
})

describe('the rate of a task', () => {
  const rate = { count: 5, per: milliseconds(1_000) }

  test('spreads its runs, and delays no other task', async () => {
    const registry = registryOf(
      aModuleTask(
        defineTask('paced', () => {}),
        { rate },
      ),
      aModuleTask(defineTask('other', () => {})),
    )
    const { broker, log, worker } = openWorkerWorld({ registry, concurrency: 2 })
    await broker.publish([...messagesFor('paced', 15), ...messagesFor('other', 30)])
    const began = performance.now()
    await worker.start()
    const ended = (task: string) => log.of('runEnded').filter(({ message }) => message.task === task).length
    await eventually(() => ended('other')).toBe(30)
    expect(ended('paced')).toBeLessThan(15)
    await eventually(() => ended('paced')).toBe(15)
    expect(performance.now() - began).toBeGreaterThan(2_300)
  })

  test('lets nothing start that has expired while it waited', async () => {
    const registry = registryOf(
      aModuleTask(
        defineTask('paced', () => {}),
        { rate: { ...rate, count: 1 } },
      ),
    )
    const { broker, log, worker } = openWorkerWorld({ registry })
    await worker.start()
    const expiring = { task: 'paced', expires: soon(300) }
    await broker.publish([aMessage(expiring), aMessage(expiring)])
    await eventually(() => log.of('runEnded').map(({ outcome }) => outcome.kind)).toEqual([
      'succeeded',
      'expired',
    ])
  })
})

test('a stop gives back at once what waits for the limits of its task', async () => {
  const narrow = gated('narrow')
  const registry = registryOf(aModuleTask(narrow.task, { concurrency: 1 }))
  const { broker, journal, log, worker } = openWorkerWorld({ registry })
  await worker.start()
  await broker.publish(messagesFor('narrow', 2))
  await eventually(narrow.executing).toBe(1)
  await expect.poll(async () => (await broker.status()).queues[0]?.running, { interval: 5 }).toBe(2)
  const stopped = worker.stop(new AbortController().signal)
  await expect.poll(async () => (await broker.status()).queues[0]?.running, { interval: 5 }).toBe(1)
  narrow.openOne()
  await stopped
  expect(log.of('runEnded')).toHaveLength(1)
  expect(journal.runs({ limit: 10 })).toHaveLength(1)
})

test('a task without a journal leaves no trace there, and runs again when it is delivered again', async () => {
  const registry = registryOf(aScript('exit 3', { journal: false }))
  const { broker, journal, log, worker } = openWorkerWorld({ registry })
  await worker.start()
  const message = aMessage()
  await broker.publish([message])
  await eventually(() => log.of('runEnded').length).toBe(1)
  expect(log.of('runEnded')[0]).toMatchObject({
    outcome: { kind: 'failed' },
    verdict: { kind: 'deadLetter' },
  })
  await expect.poll(async () => (await broker.deadLetters.list(9)).length, { interval: 5 }).toBe(1)
  await broker.publish([message])
  await eventually(() => log.of('runEnded').length).toBe(2)
  expect(journal.runs({ limit: 10 })).toEqual([])
})
