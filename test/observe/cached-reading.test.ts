import { expect, test } from 'vitest'
import { milliseconds } from '../../src/core/instant.ts'
import { CachedReading } from '../../src/observe/cached-reading.ts'
import { FakeClock } from '../support/fake-clock.ts'

/** Somebody who answers when the test says so, and how often they were asked. */
function openReading() {
  const clock = new FakeClock()
  clock.loops = 0
  const asked: PromiseWithResolvers<number>[] = []
  const reading = new CachedReading({
    read: () => {
      const answer = Promise.withResolvers<number>()
      asked.push(answer)
      return answer.promise
    },
    clock,
    fresh: milliseconds(10_000),
    patience: milliseconds(3_000),
  })
  return { clock, asked, reading }
}

test('an answer is good for a while, and then asked for again', async () => {
  const { clock, asked, reading } = openReading()
  const first = reading.get()
  asked[0]?.resolve(7)
  expect(await first).toBe(7)
  await clock.advance(milliseconds(9_000))
  expect(await reading.get()).toBe(7)
  expect(asked).toHaveLength(1)
  await clock.advance(milliseconds(1_000))
  const second = reading.get()
  asked[1]?.resolve(8)
  expect(await second).toBe(8)
})

test('whoever waits too long has no answer, and there is one question at a time all the same', async () => {
  const { clock, asked, reading } = openReading()
  const first = reading.get()
  await clock.advance(milliseconds(3_000))
  expect(await first).toBeUndefined()
  const second = reading.get()
  expect(asked).toHaveLength(1)
  asked[0]?.resolve(7)
  expect(await second).toBe(7)
})

test('an error is no answer, and the next one is asked anew', async () => {
  const { asked, reading } = openReading()
  const first = reading.get()
  asked[0]?.reject(new Error('away'))
  expect(await first).toBeUndefined()
  const second = reading.get()
  asked[1]?.resolve(7)
  expect(await second).toBe(7)
})
