import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { milliseconds } from '../../src/core/instant.ts'
import { openGuard } from '../../src/system/guard.ts'
import type { Outcome } from '../../src/task/outcome.ts'
import type { TaskMessage } from '../../src/task/task-message.ts'
import { CommandExecutor } from '../../src/worker/executors/command-executor.ts'
import type { RegisteredTask } from '../../src/worker/registry.ts'
import { aMessage } from '../support/messages.ts'
import { processesOfRun } from '../support/processes.ts'
import { requires } from '../support/requirements.ts'
import { strange, variablesOf } from '../support/strange-variables.ts'
import { aCommand, aScript } from '../support/tasks.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

beforeEach((context) => requires(context, process.getuid?.() === 0, 'only root can change the user'))

const user = 'nobody'
const own = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', USER: 'root', TZ: 'UTC' }

async function run(
  task: RegisteredTask,
  message: TaskMessage = aMessage(),
  environment: Record<string, string> = own,
): Promise<Outcome> {
  const guard = openGuard({ onLost: () => {} })
  const never = new AbortController().signal
  const executor = new CommandExecutor({ clock: systemClock, guard, environment })
  try {
    return await executor.run({ task, message, interrupt: never, kill: never, emit: () => {} })
  } finally {
    await guard.close()
  }
}

async function printed(task: RegisteredTask, message?: TaskMessage, environment?: Record<string, string>) {
  const outcome = await run(task, message, environment)
  expect(outcome.kind).toBe('succeeded')
  return ('output' in outcome && outcome.output?.head) || ''
}

test('a command runs as the user that it names, with the groups of that user and no right of root', async () => {
  const ids = 'echo $(id -un) $(id -Gn); grep CapEff /proc/self/status'
  expect(await printed(aScript(ids, { user }))).toBe('nobody nogroup\nCapEff:\t0000000000000000\n')
})

test('it is told who it is, and gets what every command gets, to the letter', async () => {
  const message = aMessage()
  const odd = ` it's "$HOME"\n\`id\` \\ `
  const lines = (
    await printed(aCommand(['env', '-0'], { user, env: { ODD: odd, SECRET: 'x' } }), message)
  ).split('\0')
  for (const expected of ['USER=nobody', 'LOGNAME=nobody', 'HOME=/nonexistent', 'SHELL=/usr/sbin/nologin'])
    expect(lines).toContain(expected)
  for (const expected of ['TZ=UTC', `PATH=${own.PATH}`, `ODD=${odd}`, `TASKBEAT_ID=${message.id}`])
    expect(lines).toContain(expected)
})

test('it gets what means something to a shell as the task says it, and nothing else of a shell', async () => {
  const account = { HOME: '/a', USER: 'b', LOGNAME: 'c', SHELL: 'd' }
  for (const change of [{}, { ...strange, PATH: '/bin:/usr/bin' }]) {
    const env = { ...account, ...change }
    const [asUser, asOwn] = [
      variablesOf(await run(aCommand(['env', '-0'], { user, env }))),
      variablesOf(await run(aCommand(['env', '-0'], { env }))),
    ].map((lines) => lines.toSorted())
    expect(asUser).toEqual(asOwn)
    expect(asUser).toEqual(expect.arrayContaining(Object.entries(env).map((pair) => pair.join('='))))
  }
})

test('its arguments are passed as they are written, and its input is the run’s', async () => {
  const argv = ['printf', '%s|', 'a b', '$(id)', `'`, '']
  expect(await printed(aCommand(argv, { user }))).toBe(`a b|$(id)|'||`)
  const message = aMessage({ args: [1] })
  expect(await printed(aCommand(['cat'], { user, stdin: 'json' }), message)).toBe('{"args":[1],"kwargs":{}}')
})

test('nothing that the task says of its environment reaches what still runs as root', async () => {
  const directory = temporaryDirectory()
  const env = { LD_PRELOAD: '/opt/none/evil.so', LD_DEBUG: 'files', LD_DEBUG_OUTPUT: join(directory, 'seen') }
  // The loader of a process of root could write here; that of the user may not.
  const outcome = await run(aScript('true; ls /', { user, env }))
  expect(outcome.kind).toBe('succeeded')
  expect(await printed(aCommand(['ls', directory]))).toBe('')
})

test('a command that ends by itself is judged as any other', async () => {
  expect(await run(aScript('exit 3', { user }))).toMatchObject({ kind: 'failed', reason: 'exit code 3' })
  expect(await run(aScript('exit 126', { user }))).toMatchObject({ reason: 'exit code 126' })
  expect(await run(aScript('kill -9 $$', { user }))).toMatchObject({ reason: 'killed by SIGKILL' })
})

test('a time limit ends it with all that it has started', async () => {
  const message = aMessage()
  const timeout = milliseconds(400)
  const task = aScript('trap "" TERM; setsid sleep 1000 & sleep 1000 & while :; do sleep 1; done', {
    user,
    timeout,
    killAfter: milliseconds(150),
  })
  expect(await run(task, message)).toMatchObject({ kind: 'timedOut', limit: timeout })
  expect(processesOfRun(message.id)).toEqual([])
})

test('a user that there is not is named', async () => {
  expect(await run(aScript('true', { user: 'no-such-user' }))).toEqual({
    kind: 'failed',
    reason: 'there is no user no-such-user on this machine',
  })
})

test('a directory that the user may not enter is named', async () => {
  const cwd = join(temporaryDirectory(), 'locked')
  mkdirSync(cwd, { mode: 0o700 })
  expect(await run(aScript('true', { user, cwd }))).toMatchObject({
    kind: 'failed',
    reason: `cannot start /bin/sh as nobody: that user may not enter its directory ${cwd}, or there is none`,
  })
})

test('a program that is not found is named', async () => {
  expect(await run(aCommand(['no-such-program'], { user }))).toMatchObject({
    reason: `cannot start no-such-program as nobody: it is not found in PATH (${own.PATH})`,
  })
  expect(await run(aCommand(['/opt/none'], { user }))).toMatchObject({
    reason: 'cannot start /opt/none as nobody: there is no such program that this user may execute',
  })
})

test('setpriv is named where it is missing, or cannot change the user', async () => {
  const PATH = temporaryDirectory()
  symlinkSync('/usr/bin/getent', join(PATH, 'getent'))
  expect(await run(aScript('true', { user }), undefined, { PATH })).toEqual({
    kind: 'failed',
    reason: `cannot start setpriv: it is not found in PATH (${PATH}); it is part of util-linux, and changes the user`,
  })
  const setpriv = join(PATH, 'setpriv')
  writeFileSync(setpriv, '#!/bin/sh\necho "setpriv: setresuid failed" >&2; exit 1\n')
  chmodSync(setpriv, 0o755)
  expect(await run(aScript('true', { user }), undefined, { PATH })).toMatchObject({
    kind: 'failed',
    reason: 'cannot start /bin/sh as nobody: the user could not be changed, see the output',
    output: { head: 'setpriv: setresuid failed\n' },
  })
})

test('what names no user runs as the one that a service of root is told, and root’s as root', async () => {
  const environment = { ...own, TASKBEAT_DEFAULT_USER: user }
  expect(await printed(aCommand(['id', '-un']), undefined, environment)).toBe('nobody\n')
  expect(await printed(aCommand(['id', '-un'], { user: 'root' }), undefined, environment)).toBe('root\n')
  expect(await printed(aCommand(['id', '-un']))).toBe('root\n')
})
