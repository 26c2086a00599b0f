import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { eventually } from '../test/support/eventually.ts'
import { python } from '../test/support/install-celery.ts'
import { startProcess } from '../test/support/owned-process.ts'
import { World } from '../test/support/world.ts'
import type { Contest, Ground } from './contest.ts'
import { declareQueue, openBroker, queue, sentMessages } from './prepare.ts'

/**
 * The queue is full when a worker starts. The first task and the last say when they run, so that neither the start of
 * the worker counts nor its end; what lies between does nothing.
 */
const module = `
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineTask } from 'taskbeat'

const mark = ({ task }) => appendFileSync(join(import.meta.dirname, 'marks'), \`\${task} \${Date.now()}\\n\`)

export const nothing = defineTask('bench.nothing', () => {})
export const first = defineTask('bench.first', mark)
export const last = defineTask('bench.last', mark)
`

export const working: Contest = {
  title: 'Tasks that do nothing, at least once, inline, from a quorum queue',
  peer: 'bare amqplib',
  goals: { 'taskbeat, 256 at once': 0.5, 'taskbeat, 256 at once, journal: false': 0.9 },
  contestants: {
    'bare amqplib': (ground) => work(ground, 'quorum', startBare),
    'taskbeat, 256 at once': (ground) => work(ground, 'quorum', ours(256)),
    'taskbeat, 256 at once, journal: false': (ground) =>
      work(ground, 'quorum', ours(256, { journal: false })),
    'taskbeat, 10 at once': (ground) => work(ground, 'quorum', ours(10)),
  },
}

export const againstCelery: Contest = {
  title: "Tasks that do nothing, at least once: beside Celery's pools, with acks_late",
  peer: 'celery solo',
  goals: { 'taskbeat, 256 at once': 3 },
  contestants: {
    'taskbeat, 256 at once': (ground) => work(ground, 'quorum', ours(256)),
    'taskbeat, 10 threads': (ground) => work(ground, 'quorum', ours(10, { isolation: 'thread' })),
    'celery solo': (ground) => work(ground, 'existing', celery('--pool', 'solo')),
    'celery prefork -c 2': (ground) => work(ground, 'existing', celery('--pool', 'prefork', '-c', '2')),
    'celery threads -c 2': (ground) => work(ground, 'existing', celery('--pool', 'threads', '-c', '2')),
    'celery threads -c 10': (ground) => work(ground, 'existing', celery('--pool', 'threads', '-c', '10')),
  },
}

type Start = (world: World, url: string) => { kill(): Promise<unknown> }

async function work({ url, count }: Ground, reader: 'quorum' | 'existing', start: Start): Promise<number> {
  await using world = new World()
  await declareQueue(url)
  await fill(url, count, reader)
  const worker = start(world, url)
  const marks = join(world.directory, 'marks')
  try {
    const took = await eventually('all is done', () => readMarks(marks), { withinMs: 120_000 })
    return (count / took) * 1_000
  } finally {
    await worker.kill()
  }
}

/** A Python worker is sent what any queue of others is: no ETA where it says nothing, which it would wait for. */
async function fill(url: string, count: number, reader: 'quorum' | 'existing'): Promise<void> {
  const broker = openBroker(url, { typeOf: () => reader })
  const messages = sentMessages(count + 2).map((message, n) => {
    if (n === 0) return { ...message, task: 'bench.first' }
    return n === count + 1 ? { ...message, task: 'bench.last' } : message
  })
  await broker.publish(messages.slice(0, 1))
  await broker.publish(messages.slice(1))
  await broker.close()
}

/** From the first to the last. */
function readMarks(path: string): number | undefined {
  if (!existsSync(path)) return undefined
  const marks = new Map(
    readFileSync(path, 'utf8')
      .split('\n')
      .map((line) => line.split(' '))
      .map(([task = '', at]) => [task, Number(at)]),
  )
  const [first, last] = [marks.get('bench.first'), marks.get('bench.last')]
  return first === undefined || last === undefined ? undefined : last - first
}

function startBare(world: World, url: string): ReturnType<Start> {
  const script = fileURLToPath(new URL('consume-bare.ts', import.meta.url))
  const args = [script, url, queue, join(world.directory, 'marks')]
  return startProcess({ name: 'bare consumer', command: process.execPath, args, cwd: world.directory })
}

function ours(concurrency: number, task: { journal?: false; isolation?: 'thread' } = {}): Start {
  const defaults = JSON.stringify({ isolation: 'inline', ...task })
  return (world, url) => {
    world.write('tasks.ts', module)
    world.write(
      'schedules.yaml',
      `state_dir: ./state\nlog: { level: warn, format: json }\nbroker: { url: "${url}" }\nschedules: {}\n` +
        `defaults: ${defaults}\nworker: { modules: [./tasks.ts], queues: [${queue}], concurrency: ${concurrency} }\n`,
    )
    return world.worker()
  }
}

function celery(...pool: readonly string[]): Start {
  return (world, url) => {
    const worker = startProcess({
      name: 'celery worker',
      command: python,
      args: ['-m', 'celery', '-A', 'celery_bench', 'worker', '--loglevel', 'ERROR', '-Q', queue, ...pool],
      cwd: world.directory,
      env: {
        PATH: process.env.PATH,
        HOME: world.directory,
        BROKER_URL: url,
        PYTHONPATH: import.meta.dirname,
        PYTHONDONTWRITEBYTECODE: '1',
      },
    })
    return {
      kill: () => {
        worker.signal('SIGTERM') // its pool ends with it
        return worker.ended
      },
    }
  }
}
