import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { inSlices } from '../../src/beat/in-slices.ts'
import { milliseconds } from '../../src/core/instant.ts'
import { FakeClock } from '../support/fake-clock.ts'

test('the event loop turns every few milliseconds while many things are gone through', async () => {
  let reading = 0
  const clock = Object.assign(new FakeClock(), { monotonic: () => milliseconds(reading++) })
  let turns = 0
  let done = false
  const counting = (async () => {
    while (!done) {
      await setImmediate()
      turns++
    }
  })()
  const seen: number[] = []
  await inSlices(Array.from({ length: 1_000 }).keys(), clock, (each) => seen.push(each))
  done = true
  await counting
  expect(seen).toHaveLength(1_000)
  expect(turns).toBeGreaterThan(40)
})
