import { expect, test } from 'vitest'
import { between } from '../../src/core/instant.ts'
import { TaskLookup } from '../../src/worker/task-lookup.ts'
import type { WorkerEvent } from '../../src/worker/worker-event.ts'
import { EventLog } from '../support/event-log.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { aMessage } from '../support/messages.ts'

function openLookup(refresh: () => Promise<void> = async () => {}) {
  const clock = new FakeClock()
  clock.loops = 0
  const log = new EventLog<WorkerEvent>()
  let asked = 0
  const lookup = new TaskLookup(new Map(), {
    clock,
    emit: log.emit,
    refresh: () => {
      asked++
      return refresh()
    },
  })
  return { clock, log, lookup, asked: () => asked }
}

test('an unknown task is asked for again after 5 s, 10 s … 60 s, for ten minutes', async () => {
  const { clock, lookup } = openLookup()
  const message = aMessage()
  const waits: number[] = []
  for (let at = lookup.nextLook(message); at !== undefined; at = lookup.nextLook(message)) {
    waits.push(between(clock.now(), at) / 1_000)
    await clock.advance(between(clock.now(), at))
  }
  expect(waits.slice(0, 6)).toEqual([5, 10, 20, 40, 60, 60])
  expect(waits.reduce((sum, wait) => sum + wait, 0)).toBeGreaterThanOrEqual(600)
  expect(waits.reduce((sum, wait) => sum + wait, 0)).toBeLessThan(661)
})

test('of however many messages for unknown tasks each is dead at last', async () => {
  const { clock, lookup } = openLookup()
  let left = Array.from({ length: 15_000 }, () => aMessage())
  for (let round = 0; round < 25; round++) {
    left = left.filter((message) => lookup.nextLook(message) !== undefined)
    await clock.advance(61_000)
  }
  expect(left).toHaveLength(0)
})

test('the configuration is read, and the task warned of, once for each name', async () => {
  const { asked, clock, log, lookup } = openLookup()
  for (let round = 0; round < 3; round++) {
    await lookup.find(aMessage({ task: 'a' }))
    await clock.advance(60_000)
  }
  await lookup.find(aMessage({ task: 'b' }))
  expect(asked()).toBe(2)
  expect(log.of('taskUnknown').map(({ task }) => task)).toEqual(['a', 'b'])
})

test('a flood of unknown names is no flood of reads', async () => {
  const { asked, lookup } = openLookup()
  await Promise.all(Array.from({ length: 100 }, (_, n) => lookup.find(aMessage({ task: `t${n}` }))))
  for (let n = 0; n < 100; n++) await lookup.find(aMessage({ task: `u${n}` }))
  expect(asked()).toBe(1)
})

test('a configuration that cannot be read leaves the task unknown', async () => {
  const { log, lookup } = openLookup(() => Promise.reject(new Error('half-written')))
  expect(await lookup.find(aMessage())).toBeUndefined()
  expect(log.of('taskUnknown')).toHaveLength(1)
})
