import { describe, expect, test } from 'vitest'
import type { EntrySpec } from '../../src/schedule/entry-spec.ts'
import { connectSqlite } from '../support/sqlite-world.ts'
import { BeatWorld, cron, every, lengthOf } from './beat-world.ts'

/** The two ways in which an edited schedule is loaded. */
const ways: Record<string, (world: BeatWorld, schedule: readonly EntrySpec[]) => Promise<unknown>> = {
  'a reload': (world, schedule) => world.reload(schedule),
  'stop, edit and start': async (world, schedule) => {
    await world.stop()
    await world.start(schedule)
  },
}

describe.each(Object.entries(ways))('%s', (_way, load) => {
  test('leaves what did not change as it is', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([every('often', '10s')])
    const emissions = world.broker.emissions.length
    await load(world, [every('often', '10s')])
    expect(world.broker.emissions).toHaveLength(emissions)
    expect(world.queued()).toEqual(['often@08:00:10', 'often@08:00:20', 'often@08:00:30'])
  })

  test('with another description fires nothing, and forgets nothing', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([cron('nightly', '0 8 * * *', { description: 'the old words' })])
    await world.clock.advance(lengthOf('24h') - lengthOf('10s'))
    const queued = world.queued()
    await load(world, [cron('nightly', '0 8 * * *', { description: 'other words' })])
    expect(world.queued()).toEqual(queued)
    await world.clock.advance(lengthOf('1h'))
    expect(world.queued()).toEqual(['nightly@08:00:00'])
  })

  test('emits an added entry at once where it is due within the lookahead', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([every('often', '10s')])
    await load(world, [every('often', '10s'), every('more', '15s')])
    expect(world.queued()).toEqual([
      'often@08:00:10',
      'more@08:00:15',
      'often@08:00:20',
      'more@08:00:30',
      'often@08:00:30',
    ])
    await world.clock.advance(lengthOf('30s'))
    expect(world.queued().filter((name) => name.startsWith('more'))).toHaveLength(4)
  })

  test('fires nothing that was due before it was loaded', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([every('often', '5m')])
    await world.clock.advance(lengthOf('2h'))
    await load(world, [every('often', '5m'), cron('report', '0 9 * * *'), every('hourly', '1h')])
    await world.clock.advance(lengthOf('30m'))
    expect(world.queued().filter((name) => !name.startsWith('often'))).toEqual([])
  })

  test('takes back what a removed entry had waiting', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([every('often', '10s'), every('gone', '10s')])
    await load(world, [every('often', '10s')])
    expect(world.queued()).toEqual(['often@08:00:10', 'often@08:00:20', 'often@08:00:30'])
    await world.clock.advance(lengthOf('5m'))
    expect(world.queued().filter((name) => name.startsWith('gone'))).toEqual([])
    expect(world.told('occurrenceMissed')).toEqual([])
  })

  test('takes back what a removed entry has waiting because of its jitter, though it was due before', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    const jitter = lengthOf('10m')
    await world.start([cron('gone', '1 * * * *', { jitter })])
    await world.clock.advance(lengthOf('61s'))
    expect(world.queue()[0]?.eta).toBeGreaterThan(world.clock.now())
    await load(world, [])
    expect(world.queued()).toEqual([])
  })

  test('gives new arguments to what waits because of its jitter, and nothing new is fired for it', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    const jitter = lengthOf('10m')
    await world.start([cron('a', '1 8 * * *', { jitter, args: ['old'] }), cron('b', '1 * * * *', { jitter })])
    await world.clock.advance(lengthOf('61s'))
    await load(world, [
      cron('a', '1 8 * * *', { jitter, args: ['new'] }),
      cron('b', '30 * * * *', { jitter }),
      cron('c', '1 * * * *', { jitter }),
    ])
    expect(world.queue().map(({ name, args }) => `${name} ${args}`)).toEqual(['a@08:01:00 new'])
  })

  test('gives waiting occurrences the new arguments', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([every('often', '10s', { args: ['old'] })])
    await load(world, [every('often', '10s', { args: ['new'] })])
    expect(world.queue().map(({ args }) => args)).toEqual([['new'], ['new'], ['new']])
    await world.clock.advance(lengthOf('10s'))
    await world.clock.untilAsleep()
    expect(world.queued()).toEqual(['often@08:00:10', 'often@08:00:20', 'often@08:00:30', 'often@08:00:40'])
  })

  test('with other times revokes what is only in the old, and emits what is only in the new', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([every('often', '10s')])
    await load(world, [every('often', '15s')])
    expect(world.queued()).toEqual(['often@08:00:15', 'often@08:00:30'])
    expect(world.told('emissionsChanged')).toEqual([
      { kind: 'emissionsChanged', added: 1, replaced: 1, revoked: 2 },
    ])
    await world.clock.advance(lengthOf('30s'))
    expect(world.queued()).toEqual(['often@08:00:15', 'often@08:00:30', 'often@08:00:45', 'often@08:01:00'])
  })

  test('takes back and gives again what is disabled and enabled', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([every('often', '10s')])
    await load(world, [every('often', '10s', { enabled: false })])
    expect(world.queued()).toEqual([])
    await load(world, [every('often', '10s')])
    expect(world.queued()).toEqual(['often@08:00:10', 'often@08:00:20', 'often@08:00:30'])
  })

  test('brings back an entry that is removed and added again', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([every('often', '10s')])
    const ids = world.broker.emissions.flatMap(({ messages }) => messages.map(({ id }) => id))
    await load(world, [])
    expect(world.queued()).toEqual([])
    await load(world, [every('often', '10s')])
    expect(world.queued()).toEqual(['often@08:00:10', 'often@08:00:20', 'often@08:00:30'])
    const again = world.broker.emissions.at(-1)?.messages ?? []
    expect(again.map(({ id }) => id)).toEqual(ids)
    const stamps = world.broker.emissions.flatMap(({ messages }) => messages.map((m) => m.occurrence?.stamp))
    expect(stamps.at(-1)).not.toEqual(stamps[0])
  })

  test('reports as missed what an edited entry was due for in its former form', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([every('often', '1m')])
    world.broker.failures = Number.POSITIVE_INFINITY
    await world.clock.advance(lengthOf('10m'))
    world.broker.failures = 0
    await load(world, [every('often', '1m', { args: ['new'] })])
    await world.clock.advance(lengthOf('15s'))
    expect(world.told('occurrenceMissed')).toMatchObject([{ entry: 'often', count: 10, reason: 'edited' }])
    expect(world.missedRecords()).toContainEqual({ entry: 'often', reason: 'edited', count: 10 })
    expect(world.queued()).toEqual([])
    await world.clock.advance(lengthOf('15s'))
    await world.clock.untilAsleep()
    expect(world.queued()).toEqual(['often@08:11:00'])
  })

  test('tells what was added, changed and removed, with the next run before and after', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([every('same', '1h'), cron('moved', '0 9 * * *'), cron('gone', '0 10 * * *')])
    await load(world, [every('same', '1h'), cron('moved', '0 11 * * *'), cron('new', '0 12 * * *')])
    const event = world.told('scheduleReloaded').at(-1) ?? world.told('scheduleLoaded').at(-1)
    const today = (time: string) => Date.parse(`2026-11-22T${time}Z`)
    expect(event).toMatchObject({
      entries: 3,
      next: { entry: 'same', eta: today('09:00:00') },
      changes: { added: 1, changed: 1, removed: 1 },
    })
    expect(event?.changes.details).toEqual([
      { kind: 'changed', entry: 'moved', nextBefore: today('09:00:00'), nextAfter: today('11:00:00') },
      { kind: 'added', entry: 'new', nextBefore: undefined, nextAfter: today('12:00:00') },
      { kind: 'removed', entry: 'gone', nextBefore: today('10:00:00'), nextAfter: undefined },
    ])
  })

  test('settles with a broker that was away as soon as it is back', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([every('often', '10s'), every('gone', '10s')])
    world.broker.failures = 3
    await load(world, [every('often', '10s', { args: ['new'] })])
    await world.clock.advance(lengthOf('5s'))
    expect(world.queued()).toEqual(['often@08:00:10', 'often@08:00:20', 'often@08:00:30'])
    expect(world.queue()[0]?.args).toEqual(['new'])
  })
})

describe('reloading', () => {
  test('a thousand reloads in a row lose nothing of what stays, and leave nothing of what went', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    const schedules = [
      [every('often', '10s'), every('a', '5s')],
      [every('often', '10s'), every('b', '5s'), every('a', '7s')],
    ]
    await world.start(schedules[0] ?? [])
    for (let i = 0; i < 1_000; i++) {
      const reloaded = world.beat?.reload(schedules[i % 2] ?? [])
      if (i % 5 === 0) {
        await reloaded
        await world.clock.advance(1_700)
      }
    }
    await world.reload(schedules[0] ?? [])
    const passed = (200 * 1_700) / 1_000
    const often = world.queued().filter((name) => name.startsWith('often'))
    expect(often).toHaveLength(Math.floor((passed + 30) / 10))
    const waiting = world.queue().filter(({ eta }) => eta > world.clock.now())
    expect(new Set(waiting.map(({ name }) => name.split('@')[0]))).toEqual(new Set(['often', 'a']))
    expect(waiting.filter(({ name }) => name.startsWith('a')).every(({ eta }) => eta % 5_000 === 0)).toBe(
      true,
    )
  })

  test('of reloads that wait together the newest is carried out', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    const beat = await world.start([])
    const reloads = ['a', 'b', 'c'].map((name) => beat.reload([every(name, '1h')]))
    await Promise.all(reloads)
    expect(world.told('scheduleReloaded')).toHaveLength(1)
    expect(world.told('scheduleReloaded')[0]?.next?.entry).toBe('c')
  })

  test('a beat that stops keeps nobody waiting for a reload', async () => {
    const world = new BeatWorld()
    const beat = await world.start([])
    const stopped = world.stop()
    await Promise.all([stopped, beat.reload([every('often', '1m')])])
    await beat.reload([every('often', '1m')])
    expect(world.told('scheduleReloaded')).toEqual([])
  })

  test('a schedule that cannot be compiled is refused, and the former stays', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    const beat = await world.start([every('often', '1m')])
    await expect(beat.reload([cron('broken', 'not a rule')])).rejects.toThrow()
    await world.clock.advance(lengthOf('5m'))
    expect(world.queued()).toHaveLength(5)
  })

  test('a standby takes the new schedule, and keeps in mind what the leader emits by the former', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    const first = await world.start([every('often', '1m')])
    const second = world.makeBeat([every('often', '1m')], {
      broker: connectSqlite(world.brokerPath),
      pid: 2,
    })
    world.clock.loops = 2
    await second.start()
    await second.reload([every('other', '1m')])
    await world.clock.advance(lengthOf('60s'))
    expect([...world.record.entries()].map(({ name }) => name)).toEqual(['often'])
    const led = world.next('leadershipTaken')
    world.clock.loops = 1
    await first.stop(AbortSignal.timeout(1_000))
    await led
    await world.clock.advance(lengthOf('60s'))
    expect(world.queued()).toEqual(['often@08:01:00', 'other@08:02:00'])
    await second.stop(AbortSignal.timeout(1_000))
  })

  test('the broker is told of the schedule that is in force', async () => {
    const world = new BeatWorld()
    await world.start([every('often', '1m')])
    await world.reload([every('often', '2m')])
    await world.stop()
    await world.start([every('often', '2m')], { host: 'there' })
    expect(world.told('scheduleDiffered')).toEqual([])
  })
})

describe('reloads that the broker could not take', () => {
  test('are settled together: what the first had emitted becomes what the last wants', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([every('kept', '10s', { args: [1] }), every('gone', '10s'), every('back', '10s')])
    world.broker.failures = 3
    await world.reload([every('kept', '10s', { args: [2] }), every('brief', '10s')])
    await world.reload([every('kept', '15s', { args: [3] }), every('back', '10s')])
    await world.clock.advance(lengthOf('5s'))
    expect(world.queue().map(({ name, args }) => `${name} ${args}`)).toEqual([
      'back@08:00:10 ',
      'kept@08:00:15 3',
      'back@08:00:20 ',
      'back@08:00:30 ',
      'kept@08:00:30 3',
    ])
    expect([...world.record.entries()].map(({ name }) => name)).toEqual(['back', 'kept'])
  })

  test('are settled in the next term when this one is lost', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    const beat = await world.start([every('kept', '10s'), every('gone', '10s')])
    world.broker.beforeEmit = () => {
      world.broker.beforeEmit = () => {}
      world.broker.loseTerm()
    }
    const led = world.next('leadershipTaken')
    await beat.reload([every('kept', '10s'), every('added', '10s')])
    await led
    await world.clock.untilAsleep()
    expect(world.queued().map((name) => name.split('@')[0])).toEqual(Array(3).fill(['added', 'kept']).flat())
  })
})

describe('a crash while a schedule changes', () => {
  test.each(['before the emission', 'between emission and record'])(
    '%s: the next start settles it',
    async (when) => {
      const world = new BeatWorld('2026-11-22T08:00:00Z')
      const before = [every('often', '10s', { args: ['old'] }), every('gone', '10s')]
      const after = [every('often', '10s', { args: ['new'] }), every('added', '10s')]
      const recorded = [...world.record.entries()]
      await world.start(before)
      expect(recorded).toEqual([])
      const known = [...world.record.entries()]
      if (when === 'before the emission') await world.stop()
      else {
        await world.reload(after)
        await world.stop()
        await world.record.change({ put: known, remove: ['added'] })
      }
      await world.start(after)
      expect(world.queue().map(({ name, args }) => `${name} ${args}`)).toEqual([
        'added@08:00:10 ',
        'often@08:00:10 new',
        'added@08:00:20 ',
        'often@08:00:20 new',
        'added@08:00:30 ',
        'often@08:00:30 new',
      ])
      expect([...world.record.entries()].map(({ name }) => name)).toEqual(['added', 'often'])
    },
  )

  test('a record that cannot be written is told once, and written when it can be', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    let full = true
    const record = {
      entries: () => world.record.entries(),
      change: (change: Parameters<typeof world.record.change>[0]) =>
        full ? Promise.reject(new Error('no space left')) : world.record.change(change),
      recordMissed: () => Promise.reject(new Error('no space left')),
      close: () => Promise.resolve(),
    }
    await world.start([every('often', '1m')], { record })
    await world.clock.advance(lengthOf('5m'))
    expect(world.queued()).toHaveLength(5)
    expect(world.told('recordFailed')).toHaveLength(1)
    full = false
    await world.clock.advance(lengthOf('60s'))
    expect(world.told('recordRecovered')).toHaveLength(1)
    expect([...world.record.entries()]).toHaveLength(1)
  })
})

/** A beat that emitted `often` each minute until 8:05, and whose record is gone at 8:55. */
async function worldOfLostRecord(): Promise<BeatWorld> {
  const world = new BeatWorld('2026-11-22T08:00:00Z')
  await world.start([every('often', '1m')])
  await world.clock.advance(lengthOf('5m'))
  await world.stop()
  world.clock.step(lengthOf('50m'))
  await world.record.change({ put: [], remove: ['often'] })
  return world
}

describe('the record', () => {
  test('an entry that did not change keeps its since, whatever happens to others', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([every('often', '1m'), every('edited', '1m')])
    const [, before] = [...world.record.entries()]
    await world.clock.advance(lengthOf('5m'))
    await world.stop()
    await world.start([every('often', '1m'), every('edited', '2m')])
    const [edited, often] = [...world.record.entries()]
    expect(often).toEqual(before)
    expect(edited?.since).toBe(world.clock.now())
  })

  test('only what changed is written', async () => {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    const written: string[][] = []
    const record = {
      entries: () => world.record.entries(),
      change: (change: Parameters<typeof world.record.change>[0]) => {
        written.push([...change.put.map(({ name }) => name), ...change.remove])
        return world.record.change(change)
      },
      recordMissed: () => Promise.resolve(),
      close: () => Promise.resolve(),
    }
    await world.start([every('a', '1m'), every('b', '1m'), every('c', '1m')], { record })
    await world.reload([every('a', '1m'), every('b', '2m'), every('d', '1m')])
    expect(written).toEqual([
      ['a', 'b', 'c'],
      ['b', 'd', 'c'],
    ])
  })

  test('when it is lost, what was due is made up for nonetheless: the broker tells since when it was known', async () => {
    const world = await worldOfLostRecord()
    await world.start([every('often', '1m')])
    await world.clock.advance(lengthOf('60s'))
    expect(world.queued().slice(5)).toEqual(['often@08:55:00', 'often@08:56:00'])
  })

  test('when it is lost and the schedule is another, nothing before this moment is emitted', async () => {
    const world = await worldOfLostRecord()
    await world.start([every('often', '1m'), every('other', '1h')])
    await world.clock.advance(lengthOf('60s'))
    expect(world.queued().slice(5)).toEqual(['often@08:56:00'])
  })
})
