import { expect, test } from 'vitest'
import { instant } from '../../src/core/instant.ts'
import { BeatWorld, every, lengthOf } from './beat-world.ts'

const onFailure = { task: 'notify', queue: 'mail' }

/** The notices that were emitted and committed. */
function notices(world: BeatWorld) {
  return world.broker.emissions.flatMap(({ messages }) => messages.filter(({ task }) => task === 'notify'))
}

test('word of what was missed is emitted with the cursor, once it is recorded', async () => {
  const world = new BeatWorld('2026-11-22T08:00:00Z')
  await world.start([every('often', '1m', { onFailure }), every('quiet', '1m')])
  await world.stop()
  world.clock.step(lengthOf('10m'))
  world.broker.beforeEmit = () => expect(world.missedRecords()).toHaveLength(2)
  await world.start([every('often', '1m', { onFailure }), every('quiet', '1m')])
  const [notice, ...others] = notices(world)
  expect(others).toEqual([])
  expect(notice).toMatchObject({
    task: 'notify',
    queue: 'mail',
    kwargs: {
      entry: 'often',
      task: 'often',
      due: '2026-11-22T08:01:00.000Z',
      outcome: 'missed',
      error:
        'missed 9 occurrences from 2026-11-22T08:01:00.000Z, the last due 2026-11-22T08:09:00.000Z: a later one runs instead',
      output: null,
      attempts: 0,
      host: 'here',
    },
  })
  expect(notice?.occurrence).toBeUndefined()
  expect(world.emitted.filter((name) => name.startsWith('often'))).toEqual(['often@08:10:00'])
})

test('it has the same id when it is emitted again', async () => {
  const ids = new Set<string>()
  for (const failures of [0, 3]) {
    const world = new BeatWorld('2026-11-22T08:00:00Z')
    await world.start([every('often', '1m', { onFailure })])
    world.broker.failures = 100
    await world.clock.advance(lengthOf('10m'))
    world.broker.failures = failures
    await world.clock.advance(lengthOf('1m'))
    const sent = notices(world)
    expect(sent).toHaveLength(1)
    for (const { kwargs } of sent) ids.add(String(kwargs.due))
  }
  expect([...ids]).toEqual(['2026-11-22T08:01:00.000Z'])
})

test('what an edited entry was due for in its former form is told too', async () => {
  const world = new BeatWorld('2026-11-22T08:00:00Z')
  await world.start([every('often', '1m', { onFailure })])
  world.broker.failures = Number.POSITIVE_INFINITY
  await world.clock.advance(lengthOf('10m'))
  world.broker.failures = 0
  await world.reload([every('often', '1m', { onFailure, args: ['new'] })])
  await world.clock.advance(lengthOf('15s'))
  expect(notices(world)).toMatchObject([{ kwargs: { entry: 'often', outcome: 'missed' } }])
})

test('what the broker could not hand on is recorded, told, and word of it is sent', async () => {
  const world = new BeatWorld('2026-11-22T08:00:00Z')
  const beat = await world.start([every('often', '1m', { onFailure })])
  const { cursor } = beat.status()
  const first = instant(Date.parse('2026-11-22T07:58:00Z'))
  const missed = {
    entry: 'often',
    first,
    last: first,
    count: 1,
    exact: true,
    reason: 'queueTookNothing',
  } as const
  world.broker.beforeEmit = () => expect(world.missedRecords()).toHaveLength(1)
  await world.broker.candidate?.missed?.([missed])
  expect(world.missedRecords()).toEqual([{ entry: 'often', reason: 'queueTookNothing', count: 1 }])
  expect(world.told('occurrenceMissed')).toMatchObject([missed])
  await world.clock.untilAsleep()
  expect(notices(world)).toMatchObject([
    { task: 'notify', kwargs: { entry: 'often', due: '2026-11-22T07:58:00.000Z', outcome: 'missed' } },
  ])
  expect(beat.status().cursor).toEqual(cursor)
  await world.clock.advance(lengthOf('1m'))
  expect(notices(world)).toHaveLength(1)
})
