import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect } from 'amqplib'
import { connectApp } from '../src/app/connect.ts'
import { startProcess } from '../test/support/owned-process.ts'
import { World } from '../test/support/world.ts'
import type { Contest, Ground } from './contest.ts'

const module = `
import { defineTask } from 'taskbeat'
export const add = defineTask('add', (ctx, x, y) => x + y)
`

/**
 * One call after the other, each sent when the result of the one before is there: what a visitor of a web page waits
 * for. The rate is that of the middle trip; how long trips take is told beside it.
 */
export const roundTrip: Contest = {
  title: 'One call after the other, each with its result',
  peer: 'bare amqplib',
  goals: {},
  contestants: {
    'bare amqplib': bare,
    'taskbeat, RabbitMQ, thread': (ground) => ours(ground, 'thread', ({ url }) => url),
    'taskbeat, RabbitMQ, inline': (ground) => ours(ground, 'inline', ({ url }) => url),
    'taskbeat, SQLite, thread': (ground) => ours(ground, 'thread', sqlite),
    'taskbeat, SQLite, inline': (ground) => ours(ground, 'inline', sqlite),
  },
}

const warmUp = 50
const sqlite = (_ground: Ground, world: World): string => `sqlite:${join(world.directory, 'broker.db')}`

async function ours(
  ground: Ground,
  isolation: string,
  place: (ground: Ground, world: World) => string,
): Promise<number> {
  await using world = new World()
  const url = place(ground, world)
  world.write('tasks.ts', module)
  world.configure(
    `broker: { url: "${url}" }\nschedules: {}\ndefaults: { isolation: ${isolation} }\nworker: { modules: [./tasks.ts] }`,
  )
  const worker = world.worker()
  await worker.said(/^working on/)
  await using app = await connectApp(url)
  return await measure(isolation, url, ground.count, async (x, y) => (await app.send('add', [x, y])).result())
}

/** Request and reply over the same kind of queue, with nothing written down and nothing confirmed. */
async function bare({ url, count }: Ground): Promise<number> {
  const queue = 'bench.trips'
  const script = fileURLToPath(new URL('reply-bare.ts', import.meta.url))
  const replier = startProcess({
    name: 'bare replier',
    command: process.execPath,
    args: [script, url, queue],
    cwd: process.cwd(),
  })
  const ready = Promise.withResolvers<void>()
  replier.onLine(() => ready.resolve())
  await ready.promise
  const connection = await connect(url, { noDelay: true })
  const channel = await connection.createChannel()
  const { queue: replyTo } = await channel.assertQueue('', { exclusive: true })
  const waiting = new Map<unknown, (value: unknown) => void>()
  await channel.consume(
    replyTo,
    (message) => waiting.get(message?.properties.correlationId)?.(JSON.parse(String(message?.content))),
    { noAck: true },
  )
  try {
    return await measure('bare', url, count, (x, y) => {
      const correlationId = randomUUID()
      return new Promise((resolve) => {
        waiting.set(correlationId, resolve)
        const body = Buffer.from(JSON.stringify([x, y]))
        channel.sendToQueue(queue, body, { replyTo, correlationId, persistent: true })
      })
    })
  } finally {
    await connection.close()
    replier.signal('SIGTERM')
    await replier.ended
  }
}

async function measure(
  name: string,
  url: string,
  count: number,
  call: (x: number, y: number) => Promise<unknown>,
): Promise<number> {
  const took: number[] = []
  for (let n = -warmUp; n < Math.min(count, 1_000); n++) {
    const begun = performance.now()
    const sum = await call(4, n)
    if (sum !== 4 + n) throw new Error(`4 + ${n} is not ${sum}`)
    if (n >= 0) took.push(performance.now() - begun)
  }
  took.sort((a, b) => a - b)
  const at = (share: number): number => took[Math.floor(took.length * share)] ?? Number.NaN
  const place = url.startsWith('sqlite:') ? 'SQLite' : 'RabbitMQ'
  process.stderr.write(`  ${place}, ${name}: p50 ${at(0.5).toFixed(2)} ms, p99 ${at(0.99).toFixed(2)} ms\n`)
  return 1_000 / at(0.5)
}
