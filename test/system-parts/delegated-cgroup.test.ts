import { execFileSync, spawnSync } from 'node:child_process'
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  symlinkSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { milliseconds } from '../../src/core/instant.ts'
import { DelegatedCgroup, openDelegatedCgroup } from '../../src/system/delegated-cgroup.ts'
import { openGuard } from '../../src/system/guard.ts'
import { ownCgroup } from '../../src/system/own-cgroup.ts'
import type { Outcome } from '../../src/task/outcome.ts'
import { CommandExecutor } from '../../src/worker/executors/command-executor.ts'
import type { RegisteredTask } from '../../src/worker/registry.ts'
import { eventually } from '../support/eventually.ts'
import { expectTook } from '../support/expect-took.ts'
import { aMessage } from '../support/messages.ts'
import { requires } from '../support/requirements.ts'
import { strange, variablesOf } from '../support/strange-variables.ts'
import { aCommand, aScript } from '../support/tasks.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** Stands for the cgroup of a unit; here root delegates it to itself. */
let unit: string
let cgroups: DelegatedCgroup
let failures: (readonly (string | undefined)[])[]
let units = 0

const file = (name: string): string => readFileSync(`/proc/self/${name}`, 'utf8')

beforeEach((context) => {
  const own = ownCgroup({ membership: file('cgroup'), mounts: file('mountinfo') })
  requires(
    context,
    own !== undefined && isWritable(own),
    'a cgroup, of the second version, that it may write to',
  )
  failures = []
  unit = join(own ?? '', `taskbeat-test-${process.pid}-${++units}`)
  mkdirSync(unit)
  cgroups = openAs(process.pid)
})

afterEach(() => {
  if (existsSync(unit)) rmdirSync(unit) // which fails while anything is left in it
})

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK)
    return process.getuid?.() === 0
  } catch {
    return false
  }
}

function openAs(pid: number): DelegatedCgroup {
  return new DelegatedCgroup(unit, { env: {}, pid, onFailed: (...told) => failures.push(told) })
}

const never = new AbortController().signal

async function run(
  task: RegisteredTask,
  environment: NodeJS.ProcessEnv = process.env,
  interrupt = never,
  within: DelegatedCgroup | 'none' = cgroups,
): Promise<Outcome> {
  const guard = openGuard({ onLost: () => {} })
  const parts = { environment, ...(within !== 'none' && { cgroups: within }) }
  const executor = new CommandExecutor({ clock: systemClock, guard, ...parts })
  try {
    return await executor.run({ task, message: aMessage(), interrupt, kill: never, emit: () => {} })
  } finally {
    await guard.close()
  }
}

const inside = (): readonly string[] => readdirSync(unit).filter((name) => name.startsWith('run-'))

const own = { PATH: '/usr/bin:/bin' }

/** Leaves the group and the session of whoever starts it, with nothing in its environment, twice. */
const hiding = 'setsid -f env -i setsid -f env -i'

describe('a run in a cgroup', () => {
  test('leaves nothing behind, however it hides, and its cgroup is gone', async () => {
    expect(
      await run(aScript(`${hiding} sleep 1000.25; ${hiding} sh -c 'trap "" TERM; sleep 1000.25'`)),
    ).toEqual({
      kind: 'succeeded',
    })
    expect(sleepers('1000.25')).toBe('')
    expect(inside()).toEqual([])
  })

  test('leaves nothing behind that forks without end', async () => {
    const bomb = `f() { [ "$(ls /proc | grep -c "^[0-9]")" -lt 400 ] && { f & f & }; sleep 0.05; f; }; f`
    await run(aScript(`${hiding} /bin/sh -c '${bomb}' & sleep 0.3`))
    expect(inside()).toEqual([])
  })

  test('is ended at its time limit with what hides', async () => {
    const timeout = milliseconds(300)
    const script = `${hiding} sleep 1000.5; exec sleep 1000.5`
    expect(await run(aScript(script, { timeout }))).toMatchObject({ kind: 'timedOut' })
    expect(sleepers('1000.5')).toBe('')
    expect(inside()).toEqual([])
  })

  test('is ended with what hides when it is interrupted', async () => {
    const interruption = new AbortController()
    const outcome = run(
      aScript(`${hiding} sleep 1000.625; exec sleep 1000.625`),
      process.env,
      interruption.signal,
    )
    await eventually('both sleep', () => sleepers('1000.625').includes(','))
    interruption.abort('the worker stopped')
    expect(await outcome).toMatchObject({ kind: 'interrupted' })
    expect(sleepers('1000.625')).toBe('')
    expect(inside()).toEqual([])
  })

  test('may make cgroups of its own, which go with it', async () => {
    const script = `own=$(echo ${unit}/run-*); mkdir -p $own/a/b
${hiding} sh -c 'echo 0 > $0/cgroup.procs; sleep 1000.75' $own/a/b
until [ "$(cat $own/a/b/cgroup.procs)" ]; do :; done`
    expect(await run(aScript(script, { timeout: milliseconds(10_000) }))).toMatchObject({ kind: 'succeeded' })
    expect(sleepers('1000.75')).toBe('')
    expect(inside()).toEqual([])
  })

  test('gives what is left a moment to end by itself', async () => {
    const begun = performance.now()
    await run(aScript(`${hiding} sleep 0.01`))
    expectTook(performance.now() - begun, 1_000)
    expect(inside()).toEqual([])
  })

  test('is in it from its first instruction on, as another user too', async () => {
    const own = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }
    const mine = aCommand(['cat', '/proc/self/cgroup'])
    for (const task of [mine, { definition: { ...mine.definition, user: 'nobody' } }])
      expect(await run(task, own)).toMatchObject({
        output: { head: expect.stringMatching(/\/run-\d+-\d+-\d+\n/) },
      })
    const script = `id -un; ${hiding} sleep 1000.125`
    expect(await run(aScript(script, { user: 'nobody' }), own)).toMatchObject({
      output: { head: 'nobody\n' },
    })
    expect(sleepers('1000.125')).toBe('')
    expect(inside()).toEqual([])
  })

  test('has the environment of one that has none, whatever it means to a shell', async () => {
    for (const env of [{}, strange]) {
      const task = aCommand(['env', '-0'], { env })
      const [within, without] = [await run(task, own), await run(task, own, never, 'none')].map(variablesOf)
      expect(within).toEqual(without)
      expect(within).toEqual(expect.arrayContaining(Object.entries(env).map((pair) => pair.join('='))))
    }
  })

  test('has that under each shell, and nobody sees its values in the arguments', async (context) => {
    const shells = ['bash', 'dash'].map((name) => `/usr/bin/${name}`).filter(existsSync)
    requires(context, shells.length > 0, 'bash or dash in /usr/bin')
    const cgroup = cgroups.openNow()
    const odd = { ...strange, "BASH_FUNC_it\\'s%%": '() { true; }' }
    const { program, args, env } = cgroup?.enter({ program: 'env', args: ['-0'], env: odd }) ?? {}
    expect(program).toBe('/bin/sh')
    expect(args?.join()).not.toContain(strange.PWD)
    for (const shell of shells) {
      const { stdout } = spawnSync(shell, args, { argv0: '/bin/sh', env })
      expect(String(stdout).split('\0').slice(0, -1)).toEqual(
        Object.entries(odd).map((pair) => pair.join('=')),
      )
    }
    await cgroup?.end(milliseconds(0))
  })

  test('has the exit code and the reason not to start of one that has none', async () => {
    const equals = join(temporaryDirectory(), 'a=b')
    symlinkSync('/bin/echo', equals)
    expect(await run(aCommand([equals, 'c=d']), own)).toMatchObject({ output: { head: 'c=d\n' } })
    expect(await run(aCommand(['no-such-program']), own)).toMatchObject({
      kind: 'failed',
      reason: 'cannot start no-such-program: it is not found in PATH (/usr/bin:/bin)',
    })
    expect(await run(aScript('exit 127'), own)).toMatchObject({ reason: 'exit code 127' })
    expect(await run(aScript('exit 126'), own)).toMatchObject({ reason: 'exit code 126' })
    expect(await run(aScript('kill -9 $$'), own)).toMatchObject({ reason: 'killed by SIGKILL' })
  })

  test('leaves no cgroup when it cannot be started, and says nothing of that', async () => {
    expect(await run(aScript('true', { cwd: '/opt/none' }))).toMatchObject({ kind: 'failed' })
    expect(inside()).toEqual([])
    expect(failures).toEqual([])
  })

  test('is told of, by its id, when it could not enter, and runs all the same', async () => {
    const closed = openAs(process.pid)
    const open = closed.open.bind(closed)
    closed.open = async () => {
      const cgroup = await open()
      // Whatever hinders it; this hinders root too.
      for (const name of inside()) rmdirSync(join(unit, name))
      return cgroup
    }
    const outcome = await run(aScript('echo $TASKBEAT_ID'), own, never, closed)
    const [[reason, id] = []] = failures
    expect(reason).toBe('it could not be entered')
    expect(outcome).toMatchObject({ kind: 'succeeded', output: { head: `${id}\n` } })
  })
})

test('what a dead worker has left is killed before the next begins', async () => {
  const dead = 2 ** 22 + 1 // greater than any process's number
  const { program, args, env } =
    openAs(dead)
      .openNow()
      ?.enter({ program: 'sleep', args: ['1000.375'], env: own }) ?? {}
  execFileSync('setsid', ['-f', program ?? '', ...(args ?? [])], { stdio: 'ignore', env })
  await eventually('it sleeps in there', () => sleepers('1000.375') !== '')
  expect(await cgroups.prepare()).toBeUndefined()
  await eventually('it is gone', () => inside().length === 0)
  expect(sleepers('1000.375')).toBe('')
})

test('a live worker beside it keeps what it has', async () => {
  const other = openAs(1)
  await other.open()
  expect(await cgroups.prepare()).toBeUndefined()
  expect(inside()).toEqual([expect.stringMatching(/^run-1-\d+-1$/)])
  for (const name of inside()) rmdirSync(join(unit, name))
})

test('a dead worker whose number another process has by now is dead, and stands in nobody’s way', async () => {
  for (const pid of [1, process.pid]) mkdirSync(join(unit, `run-${pid}-0-1`))
  expect(await cgroups.prepare()).toBeUndefined()
  await eventually('they are gone', () => inside().length === 0)
  const open = cgroups.openNow()
  expect(failures).toEqual([])
  await open?.end(milliseconds(0))
})

test('a cgroup that cannot be made is told of once, and the command runs without', async () => {
  rmdirSync(unit)
  for (let times = 0; times < 2; times++)
    expect(await run(aScript('echo ran'))).toMatchObject({ output: { head: 'ran\n' } })
  expect(failures).toEqual([[expect.stringContaining('ENOENT')]])
  mkdirSync(unit)
  await run(aScript('true'))
  rmdirSync(unit)
  await run(aScript('true'))
  expect(failures).toHaveLength(2)
})

test('there are none where nobody has said that they are delegated', async () => {
  const open = (env: Record<string, string>): Promise<unknown> =>
    openDelegatedCgroup({ env, pid: process.pid, onFailed: () => {} })
  expect(await open({})).toEqual({ reason: 'TASKBEAT_CGROUP_PER_RUN is not yes', wanted: false })
  expect(await open({ TASKBEAT_CGROUP_PER_RUN: 'no' })).toMatchObject({ wanted: false })
})

/** Empty when there is none. */
function sleepers(length: string): string {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && commandLineOf(name) === `sleep\0${length}\0`)
    .join()
}

function commandLineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
  } catch {
    return ''
  }
}
