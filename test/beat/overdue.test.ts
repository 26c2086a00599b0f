import { expect, test } from 'vitest'
import { BeatWorld, every, lengthOf } from './beat-world.ts'

test('a beat is late by as long as a turn has lasted, and never while it rests', async () => {
  const world = new BeatWorld('2026-11-22T08:00:00Z')
  const beat = await world.start([every('often', '1m')])
  expect(beat.overdue).toBe(0)
  await world.clock.advance(lengthOf('20s'))
  expect(beat.overdue).toBe(0)

  const emitting = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  world.broker.beforeEmit = () => {
    emitting.resolve()
    return release.promise
  }
  void world.clock.advance(lengthOf('10s'))
  await emitting.promise
  world.clock.loops = 0 // its loop does not come to rest now
  await world.clock.advance(lengthOf('1m'))
  expect(beat.overdue).toBeGreaterThanOrEqual(60_000)

  world.clock.loops = 1
  release.resolve()
  await world.clock.untilAsleep()
  expect(beat.overdue).toBe(0)
})
