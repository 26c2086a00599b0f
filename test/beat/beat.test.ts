import { describe, expect, test } from 'vitest'
import { BeatWorld, cron, every, lengthOf } from './beat-world.ts'

describe('the loop', () => {
  test('an occurrence is emitted as soon as it is due within the lookahead, with its own ETA', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([cron('report', '5 8 * * *')])
    await world.clock.advance(lengthOf('5m') - lengthOf('30s') - 1)
    expect(world.queued()).toEqual([])
    await world.clock.advance(1)
    await world.clock.untilAsleep()
    expect(world.queue()).toMatchObject([
      { name: 'report@08:05:00', eta: Date.parse('2026-11-22T08:05:00Z') },
    ])
  })

  test('every occurrence of a day is emitted once, each ahead of its time', async () => {
    const world = new BeatWorld('2026-11-22T00:00:00Z')
    await world.start([every('often', '5m'), cron('hourly', '0 * * * *')])
    await world.clock.advance(lengthOf('24h'))
    expect(world.queued()).toHaveLength(24 * 12 + 24)
    expect(new Set(world.emitted).size).toBe(world.emitted.length)
    expect(world.told('occurrenceMissed')).toEqual([])
  })
})
