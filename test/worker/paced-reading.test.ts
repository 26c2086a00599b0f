import { PassThrough } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { milliseconds } from '../../src/core/instant.ts'
import { PacedReading } from '../../src/worker/executors/paced-reading.ts'
import { FakeClock } from '../support/fake-clock.ts'

/** Reads two streams; each piece that is taken keeps the thread for 0.4 ms. */
function openReading() {
  const clock = new FakeClock()
  clock.loops = 0
  const streams = { stdout: new PassThrough(), stderr: new PassThrough() }
  onTestFinished(() => {
    for (const stream of Object.values(streams)) stream.destroy()
  })
  const taken: string[] = []
  let worked = 0
  const reading = new PacedReading(streams, {
    clock: {
      now: () => clock.now(),
      monotonic: () => milliseconds(clock.monotonic() + worked),
      sleep: (length, signal) => clock.sleep(length, signal),
    },
    crowd: { waiting: 0 },
    take: (name, piece) => {
      taken.push(`${name} ${piece.length}`)
      worked += 0.4
    },
  })
  return { ...streams, clock, taken, reading }
}

test('what is within the budget is taken at once', async () => {
  const { stdout, stderr, taken } = openReading()
  stdout.write('one')
  stderr.write('three')
  await turn()
  expect(taken).toEqual(['stdout 3', 'stderr 5'])
})

test('who prints more waits for the next window, and so does its pipe', async () => {
  const { stdout, stderr, taken, clock } = openReading()
  stdout.write(Buffer.alloc(20_000))
  await turn()
  expect(taken).toEqual(['stdout 4096', 'stdout 4096', 'stdout 4096'])
  stderr.write('later')
  await turn()
  expect(taken).toHaveLength(3)
  expect([stdout.isPaused(), stderr.isPaused()]).toEqual([true, true])
  await clock.advance(milliseconds(5))
  await turn()
  expect(taken.slice(3)).toEqual(['stdout 4096', 'stdout 3616', 'stderr 5'])
  expect([stdout.isPaused(), stderr.isPaused()]).toEqual([false, false])
})

test('in a hurry everything is taken', async () => {
  const { stdout, taken, reading } = openReading()
  stdout.write(Buffer.alloc(40_000))
  await turn()
  expect(taken).toHaveLength(3)
  reading.hurry()
  expect(taken).toHaveLength(10)
  stdout.write(Buffer.alloc(40_000))
  await turn()
  await turn()
  expect(taken).toHaveLength(20)
})
