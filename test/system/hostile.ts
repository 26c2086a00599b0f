/** Tasks that do what no task should, each beside ten that behave: what it comes to, and what the others notice. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { hostileModule, hostileTasks, placesOf } from '../support/hostile-tasks.ts'
import { aMessage, soon } from '../support/messages.ts'
import { publish } from '../support/publish.ts'
import type { LogLine, TaskbeatProcess } from '../support/taskbeat-process.ts'
import type { World } from '../support/world.ts'

export interface HostileDose {
  readonly rounds: number
}

/** What became of one hostile run. */
export interface HostileFigures {
  readonly ended: string
  /** From its start until its slot was free. */
  readonly freeMs: number
  /** Of the ten beside it: how long the slowest took, for its half second. */
  readonly calmMs: number
}

export type HostileTable = Readonly<Record<string, HostileFigures>>

const beside = 10

/** The slot of a task with a limit of one second, and of one that ends itself, is free by then. */
const mostFreeMs = 8_000

export async function endureHostility(world: World, { rounds }: HostileDose): Promise<HostileTable> {
  configure(world)
  const worker = world.worker()
  await worker.said(/tasks from 1 module/)
  const table: Record<string, HostileFigures> = {}
  const send = async (tasks: readonly string[]): Promise<readonly LogLine[]> => {
    const { mark } = worker
    const messages = tasks.map((task) => aMessage({ task, eta: soon(200) }))
    await publish(world, messages)
    return Promise.all(messages.map(({ id }) => endOf(worker, id, mark)))
  }
  const calm = Array.from({ length: beside }, () => 'calm')
  await send(calm) // the threads are there from now on
  for (let round = 0; round < rounds; round++) {
    table.nobody = figuresOf(undefined, await send(calm))
    for (const [name, task] of Object.entries(hostileTasks))
      for (const place of placesOf(task)) {
        const [ended, ...others] = await send([`${name}.${place}`, ...calm])
        const figures = figuresOf(ended, others)
        table[`${name}.${place}`] = figures
        judge(`${name}.${place}`, figures, place === 'command' ? (task.asCommand ?? task.ends) : task.ends)
        if (!(worst(others) === 'succeeded')) throw new Error(`beside ${name}.${place} one ${worst(others)}`)
      }
  }
  if (world.processesOfRuns().length > 0)
    throw new Error(`processes of runs are left: ${world.processesOfRuns()}`)
  return table
}

function configure(world: World): void {
  const commands = Object.entries(hostileTasks).flatMap(([name, { shell }]) =>
    shell === undefined ? [] : [`  ${name}.command: { shell: ${JSON.stringify(shell)} }`],
  )
  world.configure(`
worker: { modules: [./tasks.ts], concurrency: ${beside + 1}, heap: 64MiB }
defaults: { timeout: 1s, kill_after: 1s }
schedules: {}
tasks:
${commands.join('\n')}
`)
  world.write('tasks.ts', hostileModule())
  execFileSync('mkfifo', [join(world.directory, 'fifo')])
}

function endOf(worker: TaskbeatProcess, id: string, mark: number): Promise<LogLine> {
  return worker.said((line) => line.id === id && line.outcome !== undefined, { mark, withinMs: 60_000 })
}

function figuresOf(ended: LogLine | undefined, others: readonly LogLine[]): HostileFigures {
  return {
    ended: ended?.message ?? '',
    freeMs: Number(ended?.duration_ms ?? 0),
    calmMs: Math.max(...others.map(({ duration_ms }) => Number(duration_ms))),
  }
}

function judge(name: string, { ended, freeMs }: HostileFigures, expected: RegExp): void {
  if (!expected.test(ended)) throw new Error(`${name}: expected ${expected}, and it came to: ${ended}`)
  if (freeMs > mostFreeMs) throw new Error(`${name} held its slot for ${freeMs} ms`)
}

function worst(others: readonly LogLine[]): unknown {
  return others.find(({ outcome }) => outcome !== 'succeeded')?.message ?? 'succeeded'
}
