import { expect, onTestFinished, test } from 'vitest'
import { useRabbitmq } from '../support/rabbitmq.ts'
import { RabbitmqNode } from '../support/rabbitmq-node.ts'
import { openWorld } from '../support/test-world.ts'
import type { World } from '../support/world.ts'

const rabbitmq = useRabbitmq()

const entries = Array.from(
  { length: 5 },
  (_, n) => `  e${n}: { every: 1s, command: [./note, ran], overlap: allow }`,
)

function schedule(url: string): string {
  return `broker: { url: "${url}", heartbeat: 2s }\nbeat: { lookahead: 10s }\nschedules:\n${entries.join('\n')}\n`
}

/** The slots of each entry from `from` to `to` that have no note in any of these worlds. */
function missing(worlds: readonly World[], from: number, to: number): string[] {
  const ran = new Set(
    worlds.flatMap((world) => world.notes('ran').map(({ entry, due }) => `${entry} ${due}`)),
  )
  const slots: string[] = []
  for (let due = Math.ceil(from / 1_000) * 1_000; due <= to; due += 1_000)
    for (let n = 0; n < entries.length; n++) slots.push(`e${n} ${due}`)
  return slots.filter((slot) => !ran.has(slot))
}

test('the same schedule is kept on the embedded broker and, by another broker.url, on RabbitMQ', async () => {
  const world = openWorld()
  for (const url of ['sqlite:state/broker.db', await rabbitmq.url()]) {
    world.write('notes', '')
    world.configure(schedule(url))
    const beat = world.beat()
    const worker = world.worker()
    await expect.poll(() => world.notes('ran').length, { timeout: 30_000 }).toBeGreaterThan(0)
    const from = Date.now()
    await expect.poll(() => world.notes('ran').length, { timeout: 30_000 }).toBeGreaterThan(20)
    const to = Date.now()
    await expect.poll(() => missing([world], from, to), { timeout: 30_000 }).toEqual([])
    expect(await beat.stop()).toMatchObject({ code: 0 })
    expect(await worker.stop()).toMatchObject({ code: 0 })
    const notes = world.notes('ran')
    for (const { at, due } of notes) expect(at).toBeGreaterThanOrEqual(due)
    expect(new Set(notes.map(({ id }) => id)).size).toBe(notes.length)
  }
})

test('the broker is killed and comes back: beat and worker work again by themselves, and what was confirmed runs', async () => {
  const node = await RabbitmqNode.start()
  onTestFinished(() => node[Symbol.asyncDispose]())
  const world = openWorld()
  world.configure(schedule(`amqp://guest:guest@${node.host}:${node.port}`))
  const beat = world.beat()
  const worker = world.worker()
  await beat.said(/^leading/)
  const from = Date.now() + 2_000
  await expect.poll(() => world.notes('ran').length, { timeout: 30_000 }).toBeGreaterThan(10)
  await node.kill()
  await worker.said(/connection to .* lost/)
  await node.start()
  const back = Date.now()
  await expect.poll(() => world.notes('ran').some(({ at }) => at > back), { timeout: 30_000 }).toBe(true)
  const to = Date.now()
  const notEmitted = (): string[] => {
    const known = new Set(
      world.journal((journal) => journal.runs({ limit: 1_000 })).map(({ entry, due }) => `${entry} ${due}`),
    )
    const missed = world.journal((journal) => journal.missed({ limit: 1_000 }))
    return missing([world], from, to).filter((slot) => {
      const [entry = '', due = ''] = slot.split(' ')
      const told = missed.some(
        (each) => each.entry === entry && each.first <= Number(due) && Number(due) <= each.last,
      )
      return !known.has(slot) && !told
    })
  }
  await expect.poll(notEmitted, { timeout: 30_000 }).toEqual([])
  await Promise.all([beat.stop(), worker.stop()])
}, 120_000)
