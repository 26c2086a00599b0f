import { describe, expect, test } from 'vitest'
import type { BeatParts } from '../../src/beat/beat.ts'
import { toIso } from '../../src/core/instant.ts'
import { connectSqlite } from '../support/sqlite-world.ts'
import { BeatWorld, cron, every, lengthOf } from './beat-world.ts'

describe('emitting', () => {
  test('an occurrence is emitted as soon as it is due within the lookahead, with its own ETA', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([cron('report', '5 8 * * *')])
    await world.clock.advance(lengthOf('270s') - 1)
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

  test('a message says what its entry says', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    const said = { args: [1, 'two'], kwargs: { deep: { er: true } }, queue: 'slow', priority: 7 }
    await world.start([
      every('a', '10s', { ...said, overlap: 'queue', expires: lengthOf('5s') }),
      every('b', '10s', { missed: 'all', overlap: 'queue' }),
    ])
    const [emission] = world.broker.emissions.filter(({ messages }) => messages.length > 0)
    expect(emission?.messages.slice(0, 2)).toMatchObject([
      {
        ...said,
        task: 'a',
        attempt: 1,
        eta: Date.parse('2026-11-22T08:00:10Z'),
        expires: Date.parse('2026-11-22T08:00:15Z'),
        occurrence: { entry: 'a', overlap: 'queue', waitLimit: 10, replaceable: true, stamp: { epoch: 1 } },
      },
      { occurrence: { entry: 'b', waitLimit: 1_000, replaceable: false } },
    ])
  })

  test('with no lookahead an occurrence is emitted when it is due', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([every('beat', '10s')], { lookahead: lengthOf('0s') })
    await world.clock.advance(lengthOf('60s'))
    await world.clock.untilAsleep()
    expect(world.queued()).toHaveLength(6)
    expect(world.told('occurrenceMissed')).toEqual([])
  })

  test('occurrences that follow each other closely share an emission', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([every('fast', '1s', { timings: [{ kind: 'every', period: lengthOf('1s') }] })])
    const before = world.broker.emissions.length
    await world.clock.advance(lengthOf('60s'))
    expect(world.broker.emissions.length - before).toBeLessThanOrEqual(60)
    expect(world.queued()).toHaveLength(90)
  })

  test('an idle beat emits nothing and commits nothing', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([cron('yearly', '0 0 1 1 *')])
    const before = world.broker.emissions.length
    await world.clock.advance(lengthOf('48h'))
    expect(world.broker.emissions).toHaveLength(before)
    expect(world.beat?.status()).toMatchObject({ state: 'leading', hold: undefined })
  })

  test('an empty schedule is served', async () => {
    const world = new BeatWorld()
    await world.start([])
    await world.clock.advance(lengthOf('1h'))
    expect(world.beat?.status()).toMatchObject({ state: 'leading', entries: 0, nextDue: undefined })
  })

  test('a disabled entry is never due', async () => {
    const world = new BeatWorld()
    await world.start([every('off', '1m', { enabled: false })])
    await world.clock.advance(lengthOf('1h'))
    expect(world.queued()).toEqual([])
  })

  test('the status says what is led, through when, and what comes next', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    const beat = await world.start([every('tenth', '10m')])
    await world.clock.advance(lengthOf('10m'))
    await world.clock.untilAsleep()
    const { cursor, nextDue, ...status } = beat.status()
    expect(status).toEqual({ state: 'leading', entries: 1, epoch: 1, hold: undefined })
    expect(cursor && toIso(cursor.due)).toBe('2026-11-22T08:10:00.000Z')
    expect(nextDue && toIso(nextDue)).toBe('2026-11-22T08:20:00.000Z')
  })
})

describe('the cursor', () => {
  const crowd = Array.from({ length: 1_200 }, (_, i) =>
    cron(`entry-${String(i).padStart(4, '0')}`, '0 9 * * *'),
  )

  test('a crowded instant is emitted in batches, each committed at a pair of due and entry', async () => {
    const world = new BeatWorld('2026-11-22T08:59:00Z')
    await world.start(crowd)
    await world.clock.advance(lengthOf('60s'))
    const cursors = world.broker.emissions.filter((e) => e.messages.length > 0).map((e) => e.cursor)
    expect(cursors).toEqual([
      { due: Date.parse('2026-11-22T09:00:00Z'), entry: 'entry-0499' },
      { due: Date.parse('2026-11-22T09:00:00Z'), entry: 'entry-0999' },
      { due: Date.parse('2026-11-22T09:00:00Z'), entry: '\uffff' },
    ])
    expect(world.queued()).toHaveLength(1_200)
  })

  test('a term that is lost in the middle of a crowded instant goes on behind the last batch', async () => {
    const world = new BeatWorld('2026-11-22T08:59:00Z')
    await world.start(crowd)
    let emissions = 0
    world.broker.beforeEmit = () => {
      if (++emissions === 2) world.broker.loseTerm()
    }
    await world.clock.advance(lengthOf('29s'))
    const led = world.next('leadershipTaken')
    await world.clock.advance(lengthOf('1s'))
    expect((await led).cursor?.entry).toBe('entry-0499')
    await world.clock.untilAsleep()
    expect(world.told('leadershipLost')).toHaveLength(1)
    expect(world.queued()).toHaveLength(1_200)
    expect(new Set(world.emitted).size).toBe(1_200)
    expect(world.emitted).toHaveLength(1_200)
  })

  test('a beat that begins without a cursor says that nothing before this moment will be emitted', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([every('often', '1m')])
    expect(world.told('nothingBefore')).toEqual([{ kind: 'nothingBefore', at: world.clock.now() }])
    await world.stop()
    world.clock.step(lengthOf('10m'))
    await world.start([every('often', '1m')])
    expect(world.told('nothingBefore')).toHaveLength(1)
    expect(world.told('occurrenceMissed')).toMatchObject([{ entry: 'often', count: 9 }])
  })

  test('a beat that takes over emits exactly what its predecessor had not', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    for (let hour = 0; hour < 5; hour++) {
      await world.start([every('often', '1m')])
      await world.clock.advance(lengthOf('17m'))
      await world.stop()
    }
    expect(world.emitted).toHaveLength(5 * 17)
    expect(new Set(world.emitted).size).toBe(5 * 17)
  })
})

describe('an entry of which the broker takes nothing', () => {
  const refused = { ...every('refused', '1m'), expires: lengthOf('72000000h') } // in the year 10239

  test('is missed, and holds up no other', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([every('often', '1m'), refused])
    await world.clock.advance(lengthOf('2m'))
    expect(world.emitted).toEqual(['often@08:01:00', 'often@08:02:00'])
    expect(world.missedRecords()).toEqual([
      { entry: 'refused', reason: 'refused', count: 1 },
      { entry: 'refused', reason: 'refused', count: 1 },
    ])
    expect(world.told('occurrenceMissed')).toHaveLength(2)
    expect(world.told('entryRefused')).toMatchObject([{ entry: 'refused' }])
    expect(world.told('emissionFailed')).toEqual([])
  })

  test('holds up no reload, and is told of again after it', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([refused])
    await world.clock.advance(lengthOf('30s'))
    await world.reload([every('added', '10s'), { ...refused, args: ['new'] }])
    await world.clock.advance(lengthOf('30s'))
    expect(world.emitted).toContain('added@08:00:40')
    expect(world.told('entryRefused')).toHaveLength(2)
    expect(world.told('emissionFailed')).toEqual([])
  })
})

describe('a broker that fails', () => {
  test('an occurrence stays due until the broker has confirmed it', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([every('often', '1m')])
    world.broker.failures = 4
    await world.clock.advance(lengthOf('5m'))
    expect(world.emitted).toEqual(['01', '02', '03', '04', '05'].map((minute) => `often@08:${minute}:00`))
    expect(world.told('occurrenceMissed')).toEqual([])
  })

  test('its failure is told once, and its recovery once', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    const beat = await world.start([every('often', '1m')])
    world.broker.failures = 5
    await world.clock.advance(lengthOf('30s'))
    await world.clock.untilAsleep()
    expect(beat.status().hold).toBe('emissionFailing')
    await world.clock.advance(lengthOf('60s'))
    expect(world.told('emissionFailed')).toHaveLength(1)
    expect(world.told('emissionRecovered')).toMatchObject([
      { failures: 5, lasted: 100 + 200 + 400 + 800 + 1_600 },
    ])
    expect(beat.status().hold).toBeUndefined()
  })

  test('is tried again at once when it says that it takes messages again', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([every('often', '1m')])
    world.broker.failures = Number.POSITIVE_INFINITY
    await world.clock.advance(lengthOf('10m'))
    await world.clock.untilAsleep()
    world.broker.failures = 0
    const recovered = world.next('emissionRecovered')
    world.broker.candidate?.takesAgain?.()
    await recovered
    expect(world.emitted).toEqual(['often@08:10:00'])
  })

  test('what was missed meanwhile is recorded and told once', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([every('often', '1m')])
    world.broker.failures = 100
    await world.clock.advance(lengthOf('10m'))
    world.broker.failures = 0
    await world.clock.advance(lengthOf('30s'))
    expect(world.told('occurrenceMissed')).toMatchObject([{ entry: 'often', count: 9, reason: 'superseded' }])
    expect(world.missedRecords()).toEqual([{ entry: 'often', reason: 'superseded', count: 9 }])
    expect(world.emitted[0]).toBe('often@08:10:00')
  })

  test('and is recorded later when it cannot be recorded at once', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    let full = true
    const record: BeatParts['record'] = {
      entries: () => world.record.entries(),
      change: (change) => world.record.change(change),
      recordMissed: (records) =>
        full ? Promise.reject(new Error('no space left')) : world.record.recordMissed(records),
      close: () => Promise.resolve(),
    }
    await world.start([every('often', '1m')], { record })
    world.clock.step(lengthOf('10m'))
    await world.clock.advance(lengthOf('60s'))
    expect(world.told('occurrenceMissed')).toHaveLength(1)
    expect(world.missedRecords()).toEqual([])
    full = false
    await world.clock.advance(lengthOf('60s'))
    await world.clock.untilAsleep()
    expect(world.missedRecords()).toMatchObject([{ entry: 'often', reason: 'superseded' }])
    expect(world.told('recordRecovered').length).toBe(world.told('recordFailed').length)
  })

  test.each(['the emission fails', 'the term is lost'])(
    'of many entries it is told once, though in the middle %s',
    async (trouble) => {
      const world = new BeatWorld('2026-11-22T08:00:00Z')
      const schedule = Array.from({ length: 800 }, (_, i) =>
        every(`entry-${String(i).padStart(3, '0')}`, '1m'),
      )
      await world.start(schedule)
      await world.stop()
      world.clock.step(lengthOf('10m'))
      let emissions = 0
      world.broker.beforeEmit = () => {
        if (++emissions !== 2) return
        if (trouble === 'the term is lost') world.broker.loseTerm()
        else world.broker.failures = 1
      }
      await world.start(schedule)
      await world.clock.advance(lengthOf('61s'))
      await world.clock.untilAsleep()
      expect(world.told('occurrenceMissed')).toHaveLength(800)
      expect(new Set(world.missedRecords().map(({ count }) => count))).toEqual(new Set([9]))
      expect(world.missedRecords()).toHaveLength(800)
      expect(new Set(world.emitted).size).toBe(world.emitted.length)
      expect(world.emitted.filter((name) => name.endsWith('08:10:00'))).toHaveLength(800)
    },
  )

  test('a broker that cannot be asked who leads is asked again', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    world.broker.leadFailures = 6
    await world.makeBeat([every('often', '1m')]).start()
    while (world.told('leadershipTaken').length === 0) await world.clock.advance(lengthOf('1s'))
    expect(world.broker.leadFailures).toBe(0)
    expect(world.told('candidacyFailed')).toHaveLength(1)
  })

  test('an idle leader whose term is lost stands by at once, and leads again', async () => {
    const world = new BeatWorld()
    await world.start([cron('yearly', '0 0 1 1 *')])
    const led = world.next('leadershipTaken')
    world.broker.loseTerm()
    expect((await led).epoch).toBe(2)
    expect(world.told('leadershipLost')).toMatchObject([{ epoch: 1 }])
  })
})

describe('two beats', () => {
  test('one leads, and the other takes over when it stops', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    const first = await world.start([every('often', '1m')])
    const second = world.makeBeat([every('often', '1m')], {
      broker: connectSqlite(world.brokerPath),
      host: 'there',
    })
    world.clock.loops = 2
    await second.start()
    await world.clock.advance(lengthOf('5m'))
    expect(second.status().state).toBe('standby')
    const led = world.next('leadershipTaken')
    world.clock.loops = 1
    await first.stop(AbortSignal.timeout(1_000))
    expect(await led).toMatchObject({ epoch: 2, predecessor: { host: 'here' } })
    await world.clock.advance(lengthOf('5m'))
    expect(world.queued()).toHaveLength(10)
    expect(world.told('scheduleDiffered')).toEqual([])
    await second.stop(AbortSignal.timeout(1_000))
  })

  test('a beat that follows one of another host with another schedule says so', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([every('often', '1m')])
    await world.stop()
    await world.start([every('often', '2m')], { host: 'there' })
    expect(world.told('scheduleDiffered')).toMatchObject([{ host: 'there', theirs: { host: 'here' } }])
  })
})

describe('stopping', () => {
  test('a stop finishes the emission under way and resigns', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    const beat = await world.start([every('often', '1m')])
    const emitting = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    world.broker.beforeEmit = () => {
      emitting.resolve()
      return release.promise
    }
    const advanced = world.clock.advance(lengthOf('30s'))
    await emitting.promise
    const stopped = beat.stop(AbortSignal.timeout(5_000))
    release.resolve()
    await stopped
    expect(world.queued()).toEqual(['often@08:01:00'])
    expect(world.told('leadershipResigned')).toHaveLength(1)
    expect(beat.status().state).toBe('stopped')
    await Promise.race([advanced, Promise.resolve()])
  })

  test('a stop under a passed deadline does not wait for a broker that hangs', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    const beat = await world.start([every('often', '1m')])
    const emitting = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    world.broker.beforeEmit = () => {
      emitting.resolve()
      return release.promise
    }
    void world.clock.advance(lengthOf('30s'))
    await emitting.promise
    await beat.stop(AbortSignal.abort())
    release.resolve()
    await beat.stop(AbortSignal.timeout(1_000))
  })

  test('a stop is harmless before the start, twice, and while standing by', async () => {
    const world = new BeatWorld()
    await world.makeBeat([]).stop(AbortSignal.timeout(1_000))
    const leader = await world.start([])
    const standby = world.makeBeat([], { broker: connectSqlite(world.brokerPath) })
    await standby.start()
    await Promise.all([standby.stop(AbortSignal.timeout(1_000)), standby.stop(AbortSignal.timeout(1_000))])
    await leader.stop(AbortSignal.timeout(1_000))
    await leader.stop(AbortSignal.timeout(1_000))
    expect(world.told('leadershipTaken')).toHaveLength(1)
  })

  test('a stop during the start leaves nothing running', async () => {
    const world = new BeatWorld()
    const beat = world.makeBeat([every('often', '1m')])
    const started = beat.start()
    await beat.stop(AbortSignal.timeout(1_000))
    await started
    expect(beat.status().state).toBe('stopped')
    expect(world.told('leadershipTaken')).toEqual([])
  })
})
