import { describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { expectTook } from '../support/expect-took.ts'
import { settled } from '../support/settled.ts'
import type { TaskbeatProcess } from '../support/taskbeat-process.ts'
import { openWorld } from '../support/test-world.ts'
import type { World } from '../support/world.ts'

/** A worker that is in the middle of `long`, which takes three seconds, while `tick` is due every second. */
async function workerInTheMiddle(): Promise<{
  world: World
  beat: TaskbeatProcess
  worker: TaskbeatProcess
}> {
  const world = openWorld()
  const soon = new Date(Date.now() + 6_000).toISOString() // both have to have started by then
  world.configure(`
schedules:
  tick: { every: 1s, missed: skip, command: [./note, start] }
  long: { at: "${soon}", shell: './note start; sleep 3 & sleep 3; ./note end' }
`)
  const worker = world.worker()
  const beat = world.beat()
  await worker.said(/^long started/)
  await eventually('long has said so', () => world.notes('start').some(({ entry }) => entry === 'long'))
  return { world, beat, worker }
}

describe('a worker', () => {
  test('lets the running task finish on SIGTERM, and takes no new one', async () => {
    const { world, worker } = await workerInTheMiddle()
    const { code } = await worker.stop()
    expect(code).toBe(0)
    expect(world.notes('end')).toHaveLength(1)
    const stopping = worker.log.findIndex(({ message }) => message.startsWith('stopping'))
    const startedLater = worker.log.slice(stopping).filter(({ message }) => message.endsWith(' started'))
    expect(stopping).toBeGreaterThan(0)
    expect(startedLater).toEqual([])
    const long = world.journal((journal) => journal.runs({ entry: 'long', limit: 10 }))
    expect(long.map(({ outcome, attempts }) => ({ outcome, attempts }))).toEqual([
      { outcome: 'succeeded', attempts: 1 },
    ])
    expect(world.processesOfRuns()).toEqual([])
  })

  test('ends at once on the second signal; what ran is given back and runs again under its id', async () => {
    const { world, beat, worker } = await workerInTheMiddle()
    worker.signal('SIGTERM')
    await worker.said(/^stopping/)
    const asked = Date.now()
    worker.signal('SIGTERM')
    expect((await worker.ended).code).toBe(0)
    expectTook(Date.now() - asked, 1_500)
    expect(world.processesOfRuns()).toEqual([])
    expect(world.notes('end')).toEqual([])
    const again = world.worker()
    await again.said((line) => line.entry === 'long' && 'outcome' in line)
    await settled(world, Date.now())
    await Promise.all([again.stop(), beat.stop()])
    const long = world.notes().filter(({ entry }) => entry === 'long')
    expect(long.map(({ word, attempt }) => `${word} ${attempt}`)).toEqual(['start 1', 'start 1', 'end 1'])
    expect(new Set(long.map(({ id }) => id)).size).toBe(1)
  })

  test('ends at once when it has nothing to do, and so does a beat', async () => {
    const world = openWorld()
    world.configure('schedules: { later: { at: "2099-01-01T00:00:00Z", command: [date] } }')
    const worker = world.worker()
    const beat = world.beat()
    await Promise.all([worker.said(/^working on/), beat.said(/^leading/)])
    for (const process of [worker, beat]) {
      const asked = Date.now()
      expect((await process.stop()).code).toBe(0)
      expectTook(Date.now() - asked, 1_000)
    }
  })
})

test('a run that was interrupted runs again although its successor was due, and was skipped for its sake', async () => {
  const world = openWorld()
  // Slots every four seconds, the last of them in seven or so: it is skipped while the one before it runs.
  const second = 4 * Math.ceil((Date.now() / 1_000 + 3) / 4)
  const end = new Date((second + 4) * 1_000 + 500).toISOString()
  world.configure(`
schedules:
  long: { every: 4s, start: "${new Date(second * 1_000).toISOString()}", end: "${end}", shell: './note start; sleep 6; ./note end' }
`)
  const worker = world.worker()
  await world.beat().said(/^leading/)
  await worker.said(/^long was skipped/)
  await worker.kill()
  const again = world.worker()
  await again.said(/^long succeeded/)
  const run = world.notes().map(({ word, due }) => `${word} ${due / 1_000 - second}`)
  expect(run).toEqual(['start 0', 'start 0', 'end 0'])
  expect(
    world
      .journal((journal) => journal.runs({ limit: 10 }))
      .map(({ outcome }) => outcome)
      .sort(),
  ).toEqual(['skipped', 'succeeded'])
})

test('a run that is interrupted and its successor that came meanwhile do not run at once', async () => {
  const world = openWorld()
  const second = 4 * Math.ceil((Date.now() / 1_000 + 3) / 4)
  const at = (seconds: number): string => new Date((second + seconds) * 1_000).toISOString()
  world.configure(`
schedules:
  long: { every: 4s, start: "${at(0)}", end: "${at(5)}", shell: './note start; sleep 6; ./note end' }
`)
  const worker = world.worker()
  await world.beat().said(/^leading/)
  await eventually('it has begun', () => world.notes('start').length === 1)
  await worker.kill()
  await eventually('its successor is due', () => Date.now() > (second + 4) * 1_000)
  const again = world.worker()
  await again.said(/^long succeeded/)
  await eventually(
    'nothing waits any more',
    () => world.query('broker', 'SELECT 1 FROM messages').length === 0,
  )
  expect(world.notes().map(({ word, due }) => `${word} ${due / 1_000 - second}`)).toEqual([
    'start 0',
    'start 0',
    'end 0',
  ])
})
