/** A worker with a thousand messages in flight is stopped and started over and over: each ends once, and none is lost. */
import { setTimeout as delay } from 'node:timers/promises'
import { eventually } from '../support/eventually.ts'
import { brokerLine, MailDrop } from '../support/mail-drop.ts'
import { seededRandom } from '../support/seeded-random.ts'
import type { TaskbeatProcess } from '../support/taskbeat-process.ts'
import type { World } from '../support/world.ts'

export interface InFlightDose {
  readonly messages: number
  readonly stops: number
  readonly seed: number
  /** Of RabbitMQ; undefined = the embedded broker. */
  readonly url?: string
}

export interface InFlightFigures {
  readonly messages: number
  readonly stops: number
  /** Of these, those that were told to hurry. */
  readonly hurried: number
  /** Attempts that began. */
  readonly starts: number
  /** Runs that a stop interrupted and gave back. */
  readonly givenBack: number
  readonly slowestStopMs: number
  readonly seconds: number
}

const graceMs = 300
const longestRunMs = 1_500
/** A stop may take as long as it waits, and a little; two signals make it hurry. */
const mostStopMs = graceMs + 3_000

const config = (url: string | undefined): string => `
${brokerLine(url)}
worker: { modules: [./tasks.ts], concurrency: 20, grace: ${graceMs}ms }
defaults: { kill_after: 500ms }
`

const workModule = `
import { appendFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { join } from 'node:path'
import { defineTask } from 'taskbeat'

const notes = join(import.meta.dirname, 'notes')

export const work = defineTask('work', async ({ id, attempt, signal }) => {
  const note = (word) => appendFileSync(notes, \`\${word} work - \${id} \${attempt} \${Date.now()}\\n\`)
  note('start')
  await delay(${longestRunMs} * Math.random() ** 2, undefined, { signal })
  note('end')
}, { isolation: 'inline' })
`

export async function stopInFlight(
  world: World,
  { messages, stops, seed, url }: InFlightDose,
): Promise<InFlightFigures> {
  world.configure(config(url))
  world.write('tasks.ts', workModule)
  const began = performance.now()
  await using drop = new MailDrop(world, url)
  const sent = await drop.send('work', messages)
  const random = seededRandom(seed)
  const problems: string[] = []
  let slowestStopMs = 0
  let hurried = 0
  for (let stop = 0; stop < stops; stop++) {
    const worker = await startWorker(world)
    if (countEnded(world) < messages) await worker.said(/^work started/)
    await delay(200 + 800 * random())
    const hurries = stop % 4 === 3
    if (hurries) hurried++
    const { code, tookMs } = await stopWorker(worker, hurries)
    slowestStopMs = Math.max(slowestStopMs, tookMs)
    if (code !== 0) problems.push(`stop ${stop} ended with ${code}`)
    if (tookMs > mostStopMs) problems.push(`stop ${stop} took ${tookMs} ms`)
  }
  const ids = new Set(sent.map(({ id }) => id))
  const last = await startWorker(world)
  await eventually('every run has ended', () => countEnded(world) >= messages, {
    withinMs: 120_000,
    everyMs: 200,
  }).catch(() => {}) // told below
  await stopWorker(last, false)
  const rows = world.query<{ id: string; state: number; outcome: string; attempt: number }>(
    'journal',
    'SELECT id, state, outcome, attempt FROM attempts',
  )
  const succeeded = rows.filter(({ state, outcome }) => state === 1 && outcome === 'succeeded')
  for (const { id, state, outcome, attempt } of rows)
    if (!ids.has(id) || state !== 1 || outcome !== 'succeeded' || attempt !== 1)
      problems.push(`${id} is ${outcome} in attempt ${attempt}`)
  if (succeeded.length !== messages) problems.push(`${messages} were sent, and ${succeeded.length} succeeded`)
  problems.push(...leftovers(world, url))
  const starts = world.notes('start').length
  const figures = {
    messages,
    stops,
    hurried,
    starts,
    givenBack: starts - new Set(world.notes('start').map(({ id }) => id)).size,
    slowestStopMs,
    seconds: (performance.now() - began) / 1_000,
  }
  if (problems.length > 0)
    throw new Error(
      `${problems.length} promises broken (seed ${seed}):\n${problems.slice(0, 30).join('\n')}\n${JSON.stringify(figures)}`,
    )
  return figures
}

async function startWorker(world: World): Promise<TaskbeatProcess> {
  const worker = world.worker()
  await worker.said(/^working on/)
  return worker
}

/** SIGTERM, and soon after it another one where it hurries. */
async function stopWorker(
  worker: TaskbeatProcess,
  hurries: boolean,
): Promise<{ readonly code: unknown; readonly tookMs: number }> {
  const began = performance.now()
  const ended = worker.stop()
  if (hurries) {
    await delay(graceMs / 2)
    worker.signal('SIGTERM')
  }
  const { code } = await ended
  return { code, tookMs: performance.now() - began }
}

function countEnded(world: World): number {
  const sql = "SELECT count(*) AS n FROM attempts WHERE state = 1 AND outcome = 'succeeded'"
  return Number(world.query<{ n: number }>('journal', sql)[0]?.n)
}

/** Where the broker is a file it can be asked. */
function leftovers(world: World, url: string | undefined): string[] {
  if (url !== undefined) return []
  const sql = 'SELECT (SELECT count(*) FROM messages) AS waiting, (SELECT count(*) FROM dead_letters) AS dead'
  const [left] = world.query<{ waiting: number; dead: number }>('broker', sql)
  return left && left.waiting + left.dead > 0 ? [`${left.waiting} wait and ${left.dead} are dead`] : []
}
