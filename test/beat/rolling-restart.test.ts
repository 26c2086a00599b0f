import { describe, expect, test } from 'vitest'
import type { Beat, BeatParts } from '../../src/beat/beat.ts'
import type { EntrySpec } from '../../src/schedule/entry-spec.ts'
import { connectSqlite } from '../support/sqlite-world.ts'
import { BeatWorld, cron, every, lengthOf } from './beat-world.ts'

/** A second beat, which stands by while the first one leads. */
async function standBy(
  world: BeatWorld,
  schedule: readonly EntrySpec[],
  parts: Partial<BeatParts> = {},
): Promise<Beat> {
  const beat = world.makeBeat(schedule, { broker: connectSqlite(world.brokerPath), pid: 2, ...parts })
  world.clock.loops = 2
  await beat.start()
  await world.clock.untilAsleep()
  return beat
}

/** The leader stops, and the one that stands by takes over. */
async function handOver(world: BeatWorld): Promise<void> {
  const led = world.next('leadershipTaken')
  world.clock.loops = 1
  await world.stop()
  await led
  await world.clock.untilAsleep()
}

/** As of another machine: it keeps a record of its own. */
function ownRecord(): BeatParts['record'] {
  return new BeatWorld().record
}

describe('a standby with another schedule', () => {
  test('takes back and emits within the lookahead when it takes over, however long it has waited', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([every('old', '10s')])
    await standBy(world, [every('new', '10s')])
    await world.clock.advance(lengthOf('90s'))
    await handOver(world)
    const after = world.queued().filter((name) => name.slice(-8) > '08:01:30')
    expect(after).toEqual(['new@08:01:40', 'new@08:01:50', 'new@08:02:00'])
    expect(world.queued().filter((name) => name.startsWith('new'))).toHaveLength(3)
    expect(world.told('occurrenceMissed')).toEqual([])
    expect([...world.record.entries()].map(({ name }) => name)).toEqual(['new'])
    await world.clock.advance(lengthOf('10s'))
    await world.clock.untilAsleep()
    expect(world.queued().at(-1)).toBe('new@08:02:10')
  })

  test('says on taking over that another one was led, on the same machine too', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([every('old', '10s')])
    await standBy(world, [every('new', '10s')])
    await world.clock.advance(lengthOf('5s'))
    await handOver(world)
    expect(world.told('scheduleDiffered')).toMatchObject([{ host: 'here', theirs: { host: 'here' } }])
  })

  test('emits its own within the lookahead where it never knew what was led', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([every('same', '10s')])
    await standBy(world, [every('same', '10s')], { host: 'there', record: ownRecord() })
    await world.clock.advance(lengthOf('60s'))
    world.clock.loops = 2
    await world.beat?.reload([every('other', '10s')])
    await world.clock.advance(lengthOf('60s'))
    await handOver(world)
    expect(world.queued().filter((name) => name.startsWith('same') && name.slice(-8) > '08:02:00')).toEqual([
      'same@08:02:10',
      'same@08:02:20',
      'same@08:02:30',
    ])
    expect(world.told('scheduleDiffered')).toHaveLength(1)
  })

  test('forgets its changes once the leader leads by its own schedule', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    const leader = await world.start([every('old', '10s')])
    await standBy(world, [every('new', '10s')], { host: 'there', record: ownRecord() })
    await world.clock.advance(lengthOf('60s'))
    await leader.reload([every('new', '10s')])
    await world.clock.advance(lengthOf('120s'))
    const emissions = world.told('emissionsChanged').length
    await handOver(world)
    expect(world.told('emissionsChanged')).toHaveLength(emissions)
    expect(world.told('scheduleDiffered')).toEqual([])
  })
})

describe('a standby that the schedule is new to takes over from one that led by it', () => {
  test('and emits nothing anew', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([every('same', '10s')])
    await world.clock.advance(lengthOf('60s'))
    await standBy(world, [every('same', '10s')], { host: 'there', record: ownRecord() })
    await world.clock.advance(lengthOf('5s'))
    await handOver(world)
    expect(world.told('emissionsChanged')).toEqual([])
    expect(world.told('scheduleDiffered')).toEqual([])
  })

  test('and takes back what it had itself emitted by its former one', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    const record = ownRecord()
    const first = world.makeBeat([every('old', '10s')], { host: 'there', record })
    await first.start()
    await world.clock.untilAsleep()
    await first.stop(AbortSignal.timeout(5_000))
    await world.start([every('new', '10s')])
    await standBy(world, [every('new', '10s')], { host: 'there', record })
    await world.clock.advance(lengthOf('5s'))
    await handOver(world)
    expect(world.queued()).toEqual(['new@08:00:10', 'new@08:00:20', 'new@08:00:30'])
  })
})

describe('a beat without a record that follows a leader of the same schedule', () => {
  test('makes up what was due since the leader was gone', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([cron('hourly', '0 * * * *')])
    await world.stop()
    world.clock.step(lengthOf('150m'))
    await world.start([cron('hourly', '0 * * * *')], { host: 'there', record: ownRecord() })
    expect(world.queued()).toEqual(['hourly@10:00:00'])
    expect(world.told('occurrenceMissed')).toMatchObject([
      { entry: 'hourly', count: 1, reason: 'superseded' },
    ])
  })

  test('fires nothing that was due before the leader knew it, however old the cursor is', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    const daily = cron('daily', '0 7 * * *')
    await world.start([daily])
    await world.clock.advance(lengthOf('150m'))
    await world.reload([daily, cron('hourly', '0 * * * *')])
    await world.stop()
    await world.start([daily, cron('hourly', '0 * * * *')], { host: 'there', record: ownRecord() })
    expect(world.queued()).toEqual([])
    await world.stop()
    world.clock.step(lengthOf('45m'))
    await world.start([daily, cron('hourly', '0 * * * *')], { host: 'elsewhere', record: ownRecord() })
    expect(world.queued()).toEqual(['hourly@11:00:00'])
    expect(world.told('occurrenceMissed')).toEqual([])
  })

  test('takes its entries for new where the schedule was another in between', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    const schedule = [every('often', '10s'), cron('hourly', '0 * * * *')]
    await world.start(schedule)
    world.broker.failures = Number.POSITIVE_INFINITY
    await world.reload([every('often', '15s')])
    await world.clock.advance(lengthOf('150m'))
    await world.reload(schedule)
    await world.stop()
    world.broker.failures = 0
    await world.start(schedule, { host: 'there', record: ownRecord() })
    expect(world.queued().filter((name) => name.startsWith('hourly'))).toEqual([])
  })
})

test('a restart with an edited file is nothing but an edit', async () => {
  const world = new BeatWorld('2026-11-22T08:00:00Z')
  await world.start([every('often', '10s')])
  await world.stop()
  await world.start([every('other', '10s')])
  await world.clock.advance(lengthOf('60s'))
  expect(world.told('scheduleDiffered')).toEqual([])
  expect(world.told('standingBy')).toEqual([])
})

describe('a beat that stands by says so', () => {
  test('once, when it has waited a second, with who leads', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([every('often', '10s')])
    await standBy(world, [every('often', '10s')])
    expect(world.told('standingBy')).toEqual([])
    await world.clock.advance(lengthOf('1s'))
    await world.clock.untilAsleep()
    await world.clock.advance(lengthOf('5m'))
    expect(world.told('standingBy')).toEqual([
      expect.objectContaining({ kind: 'standingBy', leader: { host: 'here', pid: 1 }, sameSchedule: true }),
    ])
  })

  test('and that the schedules differ, and again when they no longer do', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    const leader = await world.start([every('old', '10s')])
    await standBy(world, [every('new', '10s')])
    await world.clock.advance(lengthOf('60s'))
    await leader.reload([every('new', '10s')])
    await world.clock.advance(lengthOf('120s'))
    expect(world.told('standingBy').map(({ sameSchedule }) => sameSchedule)).toEqual([false, true])
  })
})
