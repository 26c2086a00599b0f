import { expect, test } from 'vitest'
import { HeapWatch } from '../../src/worker/cells/heap-watch.ts'
import { FakeClock } from '../support/fake-clock.ts'

const MiB = 1_048_576

/** A thread with a limit of 64 MiB, in a process that holds as much as it and 100 MiB. */
function openWatch() {
  const clock = new FakeClock()
  let held = 0
  let ended = false
  const watch = new HeapWatch(clock, () => 100 * MiB + held)
  const heap = {
    limit: 64 * MiB,
    measure: async () => held,
    overstepped: () => {
      ended = true
    },
  }
  const run = async (bytes: number, length: number): Promise<void> => {
    watch.add(heap)
    held += bytes
    await clock.advance(length)
    watch.remove(heap)
    clock.loops = 0
    await clock.advance(1_000)
    clock.loops = 1
  }
  return { run, isEnded: () => ended }
}

test('a thread that holds too much is ended while it runs', async () => {
  const { run, isEnded } = openWatch()
  await run(60 * MiB, 300)
  expect(isEnded()).toBe(false)
  await run(20 * MiB, 300)
  expect(isEnded()).toBe(true)
})

test('a thread that holds a little more after each short run is ended when it is too much', async () => {
  const { run, isEnded } = openWatch()
  for (let n = 0; n < 10; n++) await run(5 * MiB, 10)
  expect(isEnded()).toBe(false)
  for (let n = 0; n < 10; n++) await run(5 * MiB, 10)
  expect(isEnded()).toBe(true)
})
