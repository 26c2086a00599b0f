import { expect, test } from 'vitest'
import { toIso } from '../../src/core/instant.ts'
import { steadyNow } from '../../src/core/steady-now.ts'
import { FakeClock } from '../support/fake-clock.ts'

const never = new AbortController().signal
/** The loop under test ends. */
function openClock(): FakeClock {
  const clock = new FakeClock('2026-11-22T08:00:00Z')
  clock.loops = 0
  return clock
}

const [minute, year] = [60_000, 365 * 86_400_000]

test('the time is told once the clock has gone for a minute without a leap', async () => {
  const clock = openClock()
  const steady = steadyNow(clock, never)
  await clock.advance(minute)
  expect(toIso((await steady) ?? clock.now())).toBe('2026-11-22T08:01:00.000Z')
})

test.each([
  ['ahead, and back', [year, -year]],
  ['back, and forth', [-year, year]],
])('of a clock that leaps %s only the time after it is told', async (_how, steps) => {
  const clock = openClock()
  let told: string | undefined
  const steady = steadyNow(clock, never).then((now) => {
    told = now && toIso(now)
  })
  for (const step of steps) {
    await clock.advance(minute / 2)
    clock.step(step)
    await clock.advance(minute / 2)
    await clock.untilAsleep()
    expect(told).toBeUndefined()
  }
  await clock.advance(minute)
  await steady
  expect(told).toBe('2026-11-22T08:03:00.000Z')
})

test('a clock that is adjusted by seconds is believed', async () => {
  const clock = openClock()
  const steady = steadyNow(clock, never)
  clock.step(2_000)
  await clock.advance(minute)
  expect(toIso((await steady) ?? clock.now())).toBe('2026-11-22T08:01:02.000Z')
})

test('nothing is told once nobody wants to know any more', async () => {
  const over = new AbortController()
  const steady = steadyNow(openClock(), over.signal)
  over.abort()
  expect(await steady).toBeUndefined()
})
