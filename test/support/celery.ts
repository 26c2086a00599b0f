import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, beforeEach } from 'vitest'
import { eventually } from './eventually.ts'
import { installCelery, python } from './install-celery.ts'
import { type OwnedProcess, startProcess } from './owned-process.ts'
import { requires } from './requirements.ts'
import type { World } from './world.ts'

const run = promisify(execFile)

/** To be called at the top of a test file, after useRabbitmq: its tests run when there is a Celery, and are skipped or fail otherwise. */
export function useCelery(): void {
  let missing: string | undefined
  beforeAll(async () => {
    missing = await installCelery()
  }, 300_000)
  beforeEach((context) => requires(context, missing === undefined, missing ?? ''))
}

/** What a task was called with: a line of the file `ran`, which our tasks of tasks.ts and Celery's write alike. */
export interface Ran {
  readonly by: 'taskbeat' | 'celery'
  readonly task: string
  readonly id: string
  readonly args: readonly unknown[]
  readonly kwargs: Readonly<Record<string, unknown>>
  readonly attempt: number
  /** As Celery's tasks see it. */
  readonly eta?: string | null
  readonly at: number
}

/** The tasks of celery_app.py once more, for our worker. */
export const tasksModule: string = `
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { defineTask, Permanent } from 'taskbeat'

const ran = (ctx, ...all) => {
  const last = all.at(-1)
  const hasKwargs = typeof last === 'object' && last !== null && !Array.isArray(last)
  const [args, kwargs] = hasKwargs ? [all.slice(0, -1), last] : [all, {}]
  const { task, id, attempt } = ctx
  const line = { by: 'taskbeat', task, id, args, kwargs, attempt, at: Date.now() }
  appendFileSync(join(import.meta.dirname, 'ran'), JSON.stringify(line) + '\\n')
}

export const add = defineTask('tasks.add', ran)

export const wait = defineTask('tasks.wait', async (ctx, ...all) => {
  ran(ctx, ...all)
  await delay(500)
})

export const fail = defineTask('tasks.fail', (ctx, ...all) => {
  ran(ctx, ...all)
  throw new Permanent('it always does')
})
`

/** A Celery application beside the processes of a world, on the same broker. */
export class CeleryApp {
  readonly #world: World
  readonly #env: NodeJS.ProcessEnv

  constructor(world: World, brokerUrl: string) {
    this.#world = world
    this.#env = {
      PATH: process.env.PATH,
      HOME: world.directory,
      LANG: 'C.UTF-8',
      BROKER_URL: brokerUrl,
      PYTHONPATH: import.meta.dirname,
      PYTHONDONTWRITEBYTECODE: '1',
    }
  }

  /** Runs a client: these lines of Python, which see the application and print one line of JSON. */
  async call<T>(...lines: readonly string[]): Promise<T> {
    const program = ['import json', 'from celery_app import *', ...lines].join('\n')
    const options = { cwd: this.#world.directory, env: this.#env, timeout: 60_000 }
    const { stdout } = await run(python, ['-c', program], options)
    return JSON.parse(stdout) as T
  }

  /** Starts a worker and waits until it takes work. Ended with the world. */
  async worker(...options: readonly string[]): Promise<OwnedProcess> {
    const celery = [
      python,
      '-m',
      'celery',
      '-A',
      'celery_app',
      'worker',
      '--loglevel',
      'INFO',
      '--queues',
      'celery',
      ...options,
    ]
    const worker = startProcess({
      name: 'celery worker',
      command: 'sh',
      args: ['-c', 'exec "$@" 2>&1', 'sh', ...celery],
      cwd: this.#world.directory,
      env: this.#env,
    })
    this.#world.use({ [Symbol.asyncDispose]: async () => void (await worker.kill()) })
    await eventually('Celery is ready', () => {
      if (worker.hasEnded) throw new Error(`Celery ended:\n${worker.lines.join('\n')}`)
      return worker.lines.some((line) => / ready\.$/.test(line))
    })
    return worker
  }

  /** What ran, as the tasks of both sides wrote it down. */
  ran(): readonly Ran[] {
    const path = join(this.#world.directory, 'ran')
    if (!existsSync(path)) return []
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Ran)
  }
}
