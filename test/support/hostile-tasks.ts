/** Tasks that do what no task should, each as a function and as a command where it can be one. */
export interface HostileTask {
  /** What it does: fit to follow "a task that". */
  readonly does: string
  /** The body of a handler. */
  readonly body: string
  /** The same for a shell; undefined where it makes no sense. */
  readonly shell?: string
  /** In a worker's own thread it would take the worker with it. */
  readonly inline?: true
  /** Its limit, if that is not what is told. */
  readonly timeout?: string
  /** What it comes to: an outcome, and what the log says of it. */
  readonly ends: RegExp
  /** As a command, where that differs. */
  readonly asCommand?: RegExp
}

/** Of a hostile task. */
const hostileTimeout = '1s'

const timedOut = /timed out/

export const hostileTasks: Readonly<Record<string, HostileTask>> = {
  throws: {
    does: 'throws',
    body: `throw new Error('no such customer')`,
    shell: 'exit 1',
    inline: true,
    ends: /failed .*no such customer/,
    asCommand: /failed .*exit code 1/,
  },
  hangs: {
    does: 'never ends and does not heed the signal',
    body: 'await new Promise(() => setInterval(() => {}, 1000))',
    shell: `trap '' TERM; while :; do sleep 1; done`,
    inline: true,
    ends: timedOut,
  },
  spins: { does: 'computes without end', body: 'for (;;);', shell: 'while :; do :; done', ends: timedOut },
  waits: {
    does: 'blocks by Atomics.wait',
    body: 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)',
    ends: timedOut,
  },
  exits: {
    does: 'calls process.exit',
    body: 'process.exit(3)',
    shell: 'exit 3',
    ends: /failed .*\(exit code 3\)/,
    asCommand: /failed .*exit code 3/,
  },
  strays: {
    does: 'throws in a callback',
    body: `setTimeout(() => { throw new Error('astray') }, 50); await new Promise(() => {})`,
    ends: /failed .*an error that nobody caught: astray/,
  },
  rejects: {
    does: 'leaves a promise alone that rejects',
    body: `void Promise.reject(new Error('alone')); await new Promise(() => {})`,
    ends: /failed .*an error that nobody caught: alone/,
  },
  hoards: {
    does: 'needs more heap than there is',
    body: 'const all = []; for (;;) all.push({ more: {} })',
    timeout: '30s',
    ends: /failed .*its heap has grown beyond 64 MiB/,
  },
  leaks: {
    does: 'lets an array grow without end',
    body: 'const all = []; for (;;) all.push(1)',
    timeout: '30s',
    ends: /failed .*its heap has grown beyond 64 MiB/,
  },
  prints: {
    does: 'prints without end',
    body: `for (;;) console.log('x'.repeat(200))`,
    shell: 'yes',
    ends: timedOut,
  },
  forks: {
    does: 'starts a program of another session and hangs',
    body: `spawn('sleep', ['600'], { detached: true, stdio: 'ignore' }); await new Promise(() => {})`,
    shell: 'setsid sleep 600 & sleep 600',
    ends: timedOut,
  },
  aborts: {
    does: 'crashes',
    body: 'process.abort()',
    shell: 'kill -ABRT $$',
    ends: /failed .*(not supported in workers|SIGABRT)/,
  },
  calls: {
    does: 'waits for a program',
    body: `execSync('sleep 600')`,
    shell: 'sleep 600',
    ends: timedOut,
  },
  reads: {
    does: 'is in a call of the system that does not return',
    body: `readFileSync(join(import.meta.dirname, 'fifo'))`,
    shell: 'cat fifo',
    ends: timedOut,
  },
}

/** Where tasks run, as a table tells it. */
export const places = ['inline', 'thread', 'process', 'command'] as const
type Where = (typeof places)[number]

/** Where a hostile task is let loose. */
export function placesOf({ shell, inline }: HostileTask): readonly Where[] {
  return places.filter((place) => {
    if (place === 'inline') return inline === true
    return place !== 'command' || shell !== undefined
  })
}

function optionsOf({ timeout = hostileTimeout }: HostileTask, isolation: Where): string {
  return JSON.stringify({ isolation, timeout })
}

/** A module with all of them that are functions, and with `calm`, that takes its time and disturbs nobody. */
export function hostileModule(): string {
  const tasks = Object.entries(hostileTasks).flatMap(([name, task]) =>
    placesOf(task)
      .filter((place) => place !== 'command')
      .map(
        (place) =>
          `export const ${name}_${place} = defineTask('${name}.${place}', async () => { ${task.body} }, ${optionsOf(task, place)})`,
      ),
  )
  return `
import { execSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { defineTask } from 'taskbeat'
${tasks.join('\n')}
export const calm = defineTask('calm', async () => {
  for (let step = 0; step < 10; step++) await delay(50)
}, { timeout: '30s' })
`
}
