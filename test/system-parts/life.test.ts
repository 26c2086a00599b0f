import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { expectTook } from '../support/expect-took.ts'
import { startSource } from '../support/taskbeat-source.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** A directory with a configuration, and a module `tasks.ts` beside it. */
function prepare(yaml: string, module = ''): { directory: string; write(name: string, text: string): void } {
  const directory = temporaryDirectory()
  const write = (name: string, text: string): void => writeFileSync(join(directory, name), text)
  write('schedules.yaml', `state_dir: ./state\nlog: { format: json }\n${yaml}`)
  write('tasks.ts', `import { defineTask } from 'taskbeat'\n${module}`)
  return { directory, write }
}

test('a worker ends after its stop, whatever its modules have left open', async () => {
  const { directory } = prepare('worker: { modules: [./tasks.ts] }\n', 'setInterval(() => {}, 1000)\n')
  const worker = startSource(directory, 'worker')
  await worker.said(/working on/)
  worker.signal('SIGTERM')
  expect((await worker.end()).code).toBe(0)
})

test.each(['beat', 'worker', 'dev'])('a %s that cannot start says why and ends', async (command) => {
  const { directory, write } = prepare('schedules: { a: { every: 1h, command: [echo] } }\n')
  write('state', 'not a directory')
  const service = startSource(directory, command)
  const { code, stderr } = await service.end()
  expect(code).toBe(1)
  expect([stderr, ...service.heard].join('\n')).toMatch(/cannot .*\/state/)
})

test('a worker whose broker is damaged names the file and ends', async () => {
  const { directory, write } = prepare('')
  mkdirSync(join(directory, 'state'))
  write('state/broker.db', 'this is not a database, and it is longer than a page header is')
  const worker = startSource(directory, 'worker')
  expect((await worker.end()).code).toBe(1)
  expect(worker.heard.join('\n')).toMatch(/broker\.db/)
})

describe('while a module takes its time to load', () => {
  const slow = `
    import { writeFileSync } from 'node:fs'
    writeFileSync(import.meta.dirname + '/loading', '')
    await new Promise((resolve) => setTimeout(resolve, 1500))
    export const late = defineTask('late', () => 'here')\n`

  async function startSlowly() {
    const prepared = prepare(
      'worker: { modules: [./tasks.ts] }\ntasks: { fine: { command: [echo] } }\n',
      slow,
    )
    const worker = startSource(prepared.directory, 'worker')
    await eventually('its module loads', () => existsSync(join(prepared.directory, 'loading')))
    return { ...prepared, worker }
  }

  test('a signal to stop is heeded', async () => {
    const { worker } = await startSlowly()
    const asked = Date.now()
    worker.signal('SIGTERM')
    expect((await worker.end()).code).toBe(0)
    expectTook(Date.now() - asked, 1_000)
  })

  test('a reload waits for that, and is carried out then', async () => {
    const { worker, write } = await startSlowly()
    write('schedules.yaml', 'state_dir: ./state\nlog: { format: json }\nworker: { queues: [other] }\n')
    worker.signal('SIGHUP')
    await worker.said(/working on other/)
    worker.signal('SIGTERM')
    expect((await worker.end()).code).toBe(0)
  })

  test('commands run, and a task that it will turn out to have is not unknown', async () => {
    const { worker, directory } = await startSlowly()
    for (const task of ['late', 'fine'])
      expect((await startSource(directory, 'send', task).end()).code).toBe(0)
    await worker.said(/late succeeded/)
    expect(worker.heard.join('\n')).not.toContain('not defined here')
    worker.signal('SIGTERM')
    expect((await worker.end()).code).toBe(0)
  })
})

test('a signal that comes while the program loads its own code ends it in order', async () => {
  const { directory } = prepare('')
  const worker = startSource(directory, 'worker')
  await eventually('it catches SIGHUP', () => catches(worker.pid, 1))
  worker.signal('SIGHUP')
  worker.signal('SIGTERM')
  expect((await worker.end()).code).toBe(0)
})

/** Whether a process has a handler for a signal. */
function catches(pid: number, signal: number): boolean {
  const caught = /^SigCgt:\s*(\w+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0'
  return (BigInt(`0x${caught}`) & (1n << BigInt(signal - 1))) !== 0n
}

test.each([
  'setTimeout(() => { throw new Error("astray") }, 300)',
  'setTimeout(() => void Promise.reject(new Error("astray")), 300)',
])('an error that a module leaves behind inline is told, and the worker ends in order: %s', async (line) => {
  const inline = `export const a = defineTask('a', () => 1, { isolation: 'inline' })`
  const { directory } = prepare('worker: { modules: [./tasks.ts] }\n', `${line}\n${inline}\n`)
  const worker = startSource(directory, 'worker')
  const said = JSON.parse(await worker.said(/left an error behind/))
  expect(said).toMatchObject({
    level: 'error',
    message: expect.stringMatching(/^a task module left an error behind: astray/),
    stack: expect.stringContaining('tasks.ts'),
  })
  expect((await worker.end()).code).toBe(1)
  // The thread in which the module was looked through ends by the same error, a moment earlier or later.
  expect(worker.heard.join('\n')).toContain('"message":"stopped"')
})

test('an error that a module leaves behind in a thread is told, and the worker goes on', async () => {
  const module = `setTimeout(() => { throw new Error('astray') }, 300)\nexport const a = defineTask('a', () => 1)\n`
  const { directory } = prepare('worker: { modules: [./tasks.ts] }\n', module)
  const worker = startSource(directory, 'worker')
  expect(await worker.said(/astray/)).toMatch(
    /a thread that waited for tasks has ended: .*nobody caught: astray/,
  )
  expect((await startSource(directory, 'send', 'a').end()).code).toBe(0)
  await worker.said(/a succeeded/)
})

test('a reload logs one record for each problem of the file, and keeps what was loaded', async () => {
  const { directory, write } = prepare('schedules: { a: { every: 1h, command: [echo] } }\n')
  const beat = startSource(directory, 'beat')
  await beat.said(/leading/)
  write('schedules.yaml', 'state_dir: ./state\nschedules: { a: { every: 5, command: [echo] } }\n')
  beat.signal('SIGHUP')
  await beat.said(/was not loaded/)
  const problems = beat.heard.map((line) => JSON.parse(line)).filter(({ level }) => level === 'error')
  expect(problems.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^schedules\.yaml:2:\d+: schedules\.a\.every: expected/),
    'schedules.yaml was not loaded; what was loaded before stays',
  ])
})

test('the first line names the file and the state; a reload names what waits for a restart', async () => {
  const { directory, write } = prepare('schedules: { a: { every: 1h, command: [echo] } }\n')
  const beat = startSource(directory, 'beat')
  await beat.said(/leading/)
  expect(JSON.parse(beat.heard[0] ?? '').message).toBe(
    `configuration ${directory}/schedules.yaml, state in ${directory}/state`,
  )
  write(
    'schedules.yaml',
    'state_dir: ./other\nbeat: { lookahead: 5s }\nlog: { format: json }\nschedules: {}\n',
  )
  beat.signal('SIGHUP')
  const { level, message } = JSON.parse(await beat.said(/after a restart/))
  expect({ level, message }).toEqual({
    level: 'warn',
    message: 'takes effect after a restart: state_dir, beat.lookahead',
  })
})

test('dev says that it removes what it keeps', async () => {
  const { directory, write } = prepare('')
  write('schedules.yaml', 'log: { format: json }\nschedules: { a: { every: 1h, command: [echo] } }\n')
  const dev = startSource(directory, 'dev')
  expect(await dev.said(/configuration/)).toMatch(/taskbeat-dev-\w+, which is removed at the end"/)
})

test('a task that is unknown has the file read once more, and told of only when there is news', async () => {
  const { directory, write } = prepare(
    'worker: { modules: [./*.ts] }\ntasks: { fine: { command: [echo], timeout: 5s } }\n',
    `export const a = defineTask('a', () => 1)\n`,
  )
  write('broken.ts', 'export const x = = 1\n')
  const worker = startSource(directory, 'worker')
  await worker.said(/1 task from 1 module"/)
  const before = worker.heard.length
  const send = startSource(directory, 'send', 'unknown')
  expect((await send.end()).code).toBe(0)
  await worker.said(/unknown is not defined here/)
  expect(worker.heard.length - before).toBe(1)
  write('more.ts', `import { defineTask } from 'taskbeat'\nexport const more = defineTask('more', () => 1)\n`)
  expect((await startSource(directory, 'send', 'more').end()).code).toBe(0)
  await worker.said(/tasks reloaded/)
  await worker.said(/more succeeded/)
})
