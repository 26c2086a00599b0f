import { describe, expect, test } from 'vitest'
import { instant, toIso } from '../../src/core/instant.ts'
import { expectTook } from '../support/expect-took.ts'
import { BeatWorld, cron, every, lengthOf } from './beat-world.ts'

describe('a wall clock that is set back', () => {
  test('nothing is emitted twice, and emission goes on where it had stopped', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([every('often', '1m')])
    await world.clock.advance(lengthOf('30m'))
    world.clock.step(-lengthOf('1h'))
    await world.clock.advance(lengthOf('2h'))
    expect(world.emitted).toHaveLength(90)
    expect(new Set(world.emitted).size).toBe(90)
    expect(world.told('occurrenceMissed')).toEqual([])
  })

  test('it is told once, with the instant at which emission resumes, and the beat is not ready until then', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    const beat = await world.start([every('often', '1m')])
    await world.clock.advance(lengthOf('30m'))
    world.clock.step(-lengthOf('1h'))
    await world.clock.advance(lengthOf('60s'))
    const [behind, ...others] = world.told('clockBehind')
    expect(others).toEqual([])
    expect(behind && toIso(behind.resumesAt)).toBe('2026-11-22T08:29:30.000Z')
    expect(world.told('clockStepped')).toMatchObject([{ by: -lengthOf('1h'), suspect: false }])
    expect(beat.status().hold).toBe('clockBehind')
    await world.clock.advance(lengthOf('61m'))
    expect(world.told('clockCaughtUp')).toHaveLength(1)
    expect(beat.status().hold).toBeUndefined()
  })

  test('a second is no step, and worth no word', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([every('often', '1m')])
    for (let i = 0; i < 10; i++) {
      await world.clock.advance(lengthOf('95s'))
      world.clock.step(i % 2 === 0 ? -900 : 900)
    }
    expect(world.told('clockBehind')).toEqual([])
    expect(world.told('clockStepped')).toEqual([])
    expect(new Set(world.emitted).size).toBe(world.emitted.length)
  })

  test('a schedule that changes meanwhile is changed through the cursor', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([every('often', '10m'), every('old', '10m')])
    await world.clock.advance(lengthOf('60m'))
    world.clock.step(-lengthOf('30m'))
    await world.reload([every('often', '10m'), every('new', '10m')])
    expect(world.queued().filter((name) => name.slice(-8) > '08:30:00')).toEqual([
      'new@08:40:00',
      'often@08:40:00',
      'new@08:50:00',
      'often@08:50:00',
      'new@09:00:00',
      'often@09:00:00',
    ])
  })
})

describe('a wall clock that is set forward', () => {
  test('what was leapt over is missed', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([every('often', '1m')])
    await world.clock.advance(lengthOf('10m'))
    world.clock.step(lengthOf('50m'))
    await world.clock.advance(lengthOf('60s'))
    expect(world.told('occurrenceMissed')).toMatchObject([{ entry: 'often', reason: 'superseded' }])
    expect(world.emitted).toHaveLength(10 + 2)
    expect(world.told('clockStepped')).toMatchObject([{ by: lengthOf('50m'), suspect: false }])
  })

  test('by more than an hour: nothing is emitted until it has kept still for a minute', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    const beat = await world.start([every('often', '1m')])
    await world.clock.advance(lengthOf('10m'))
    const before = world.emitted.length
    world.clock.step(lengthOf('90m'))
    await world.clock.advance(lengthOf('60s'))
    await world.clock.untilAsleep()
    expect(world.emitted).toHaveLength(before)
    expect(beat.status().hold).toBe('clockSuspect')
    await world.clock.advance(lengthOf('60s'))
    expect(world.told('clockStepped')).toMatchObject([{ suspect: true }])
    expect(world.told('clockStable')).toHaveLength(1)
    expect(world.emitted.length).toBeGreaterThan(before)
    expect(beat.status().hold).toBeUndefined()
  })

  test('and back again within that minute: it is as if nothing had been', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([every('often', '1m')])
    await world.clock.advance(lengthOf('10m'))
    world.clock.step(lengthOf('9h'))
    await world.clock.advance(lengthOf('20s'))
    world.clock.step(-lengthOf('9h'))
    await world.clock.advance(lengthOf('10m'))
    expect(world.told('occurrenceMissed')).toEqual([])
    expect(new Set(world.emitted).size).toBe(20)
    expect(world.emitted).toHaveLength(20)
  })
})

describe('a machine that sleeps for eight hours', () => {
  test('each entry is treated by its policy, one minute after it woke', async () => {
    const world = new BeatWorld('2026-11-22T22:00:00Z')
    await world.start([
      cron('nightly', '0 2 * * *'),
      every('latest', '1h'),
      every('each', '1h', { missed: 'all' }),
      every('skipped', '1h', { missed: 'skip' }),
    ])
    await world.clock.advance(lengthOf('10m'))
    world.clock.step(lengthOf('8h'))
    await world.clock.advance(lengthOf('120s'))
    expect(world.queued()).toEqual([
      'each@23:00:00',
      'each@00:00:00',
      'each@01:00:00',
      'each@02:00:00',
      'nightly@02:00:00',
      'each@03:00:00',
      'each@04:00:00',
      'each@05:00:00',
      'each@06:00:00',
      'latest@06:00:00',
    ])
    expect(world.missedRecords()).toEqual([
      { entry: 'latest', reason: 'superseded', count: 7 },
      { entry: 'skipped', reason: 'policy', count: 8 },
    ])
  })
})

describe('a cursor that a wrong clock committed', () => {
  test('is set to now in a new epoch once the clock has kept still for a minute', async () => {
    const world = new BeatWorld('2026-11-22T12:00:00Z')
    const beat = await world.start([every('often', '1m')])
    await world.clock.advance(lengthOf('10m'))
    world.clock.step(-lengthOf('4h'))
    await world.clock.advance(lengthOf('70s'))
    expect(world.told('cursorAhead')).toHaveLength(1)
    expect(world.told('cursorReset')).toEqual([])
    expect(beat.status().hold).toBe('cursorAhead')
    await world.clock.advance(lengthOf('60s'))
    expect(world.told('cursorReset')).toMatchObject([{ epoch: 2 }])
    await world.clock.advance(lengthOf('60m'))
    expect(beat.status().hold).toBeUndefined()
    expect(world.emitted.length).toBeGreaterThan(10 + 58)
  })

  test('is left alone when the clock is corrected within that minute', async () => {
    const world = new BeatWorld('2026-11-22T12:00:00Z')
    await world.start([every('often', '1m')])
    await world.clock.advance(lengthOf('10m'))
    world.clock.step(-lengthOf('5h'))
    await world.clock.advance(lengthOf('70s'))
    world.clock.step(lengthOf('5h'))
    await world.clock.advance(lengthOf('10m'))
    expect(world.told('cursorReset')).toEqual([])
    expect(new Set(world.emitted).size).toBe(world.emitted.length)
  })

  test('a machine that first started in 2037 emits today', async () => {
    const world = new BeatWorld('2037-01-01T00:00:00Z')
    await world.start([every('often', '1m')])
    await world.clock.advance(lengthOf('5m'))
    await world.stop()
    world.clock.step(Date.parse('2026-11-22T08:00:00Z') - world.clock.now())
    const beat = await world.start([every('often', '1m')])
    await world.clock.advance(lengthOf('59s'))
    expect(beat.status().hold).toBe('cursorAhead')
    await world.clock.advance(lengthOf('3m'))
    expect(world.told('cursorReset')).toHaveLength(1)
    expect(world.emitted.slice(-3)).toEqual(['often@08:02:00', 'often@08:03:00', 'often@08:04:00'])
    await world.stop()
    await world.start([every('often', '1m')])
    await world.clock.advance(lengthOf('60s'))
    expect(world.told('cursorReset')).toHaveLength(1)
    expect(world.emitted.at(-1)).toBe('often@08:05:00')
  })
})

describe('a clock that jumps around', () => {
  test.each([1, 2, 3, 4])('every slot is emitted once or missed once (seed %i)', async (seed) => {
    const random = generator(seed)
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    const begin = world.clock.now()
    let error = 0
    await world.start([every('often', '1m')])
    for (let i = 0; i < 40; i++) {
      // Within an hour of the truth, so that no cursor is ever hours ahead.
      const next = Math.round((random() - 0.5) * lengthOf('100m'))
      world.clock.step(next - error)
      error = next
      await world.clock.advance(Math.round(random() * lengthOf('20m')))
      if (random() < 0.1) {
        await world.stop()
        await world.start([every('often', '1m')])
      }
    }
    await world.clock.advance(lengthOf('4h'))
    const { cursor } = world.beat?.status() ?? {}
    const slots = Math.floor(((cursor?.due ?? 0) - begin) / 60_000)
    const missed = world.told('occurrenceMissed').reduce((sum, { count }) => sum + count, 0)
    expect(world.told('cursorReset')).toEqual([])
    expect(world.emitted.length + missed).toBe(slots)
    expect(world.queued()).toHaveLength(world.emitted.length)
  })
})

describe('a process that stands still', () => {
  test('an event loop that is blocked for three seconds makes nothing late', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([every('often', '1s', {})])
    for (let i = 0; i < 10; i++) await world.clock.block(lengthOf('3s'))
    expect(world.queued()).toHaveLength(60)
    expect(world.told('occurrenceMissed')).toEqual([])
  })

  test('a million missed seconds cost what a missed minute costs', async () => {
    const world = new BeatWorld('2026-11-01T00:00:00Z')
    await world.start([every('often', '1s')])
    await world.stop()
    world.clock.step(1_000_000_000)
    const begin = performance.now()
    await world.start([every('often', '1s')])
    expectTook(performance.now() - begin, 1_000)
    expect(world.told('occurrenceMissed')).toMatchObject([
      { entry: 'often', first: instant(Date.parse('2026-11-01T00:00:31Z')), count: 10_000, exact: false },
    ])
  })
})

/** A small generator of numbers in [0, 1), so that a failure can be repeated by its seed. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
