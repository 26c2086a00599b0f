import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { instant, milliseconds } from '../../src/core/instant.ts'
import { type Guard, openGuard } from '../../src/system/guard.ts'
import type { Outcome } from '../../src/task/outcome.ts'
import type { TaskMessage } from '../../src/task/task-message.ts'
import { CommandExecutor } from '../../src/worker/executors/command-executor.ts'
import { mostLoggedLines } from '../../src/worker/executors/printed-lines.ts'
import type { RegisteredTask } from '../../src/worker/registry.ts'
import type { WorkerEvent } from '../../src/worker/worker-event.ts'
import { EventLog } from '../support/event-log.ts'
import { aMessage, anOccurrence } from '../support/messages.ts'
import { processesOfRun } from '../support/processes.ts'
import { aCommand, aScript } from '../support/tasks.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

let guard: Guard
beforeAll(() => {
  guard = openGuard({ onLost: () => {} })
})
afterAll(() => guard.close())

const short = milliseconds(150)

/** Starts an attempt; it can be looked at, and stopped, while it runs. */
function begin(task: RegisteredTask, message: TaskMessage = aMessage(), environment = process.env) {
  const executor = new CommandExecutor({ clock: systemClock, guard, environment })
  const interrupt = new AbortController()
  const kill = new AbortController()
  const log = new EventLog<WorkerEvent>()
  onTestFinished(() => void guard.sweep(message.id))
  const outcome = executor.run({
    task,
    message,
    interrupt: interrupt.signal,
    kill: kill.signal,
    emit: log.emit,
  })
  return {
    outcome,
    id: message.id,
    interrupt: () => interrupt.abort('the worker stopped'),
    kill: () => {
      interrupt.abort('the worker was stopped at once')
      kill.abort()
    },
    /** Resolves when it has printed this line. */
    printed: (line: string) => log.first('outputLine', (event) => event.line === line),
    omitted: () => log.of('outputOmitted').map(({ lines }) => lines),
    lines: () => log.of('outputLine').map(({ stream, line, cut }) => ({ stream, line, cut })),
  }
}

function run(task: RegisteredTask, message?: TaskMessage, environment?: NodeJS.ProcessEnv): Promise<Outcome> {
  return begin(task, message, environment).outcome
}

function headOf(outcome: Outcome): string {
  return ('output' in outcome && outcome.output?.head) || ''
}

/** Runs `env` and gives back what it printed. */
async function environmentOf(task: RegisteredTask, message?: TaskMessage, own?: NodeJS.ProcessEnv) {
  const outcome = await run(task, message, own)
  expect(outcome.kind).toBe('succeeded')
  const lines = headOf(outcome).trimEnd().split('\n')
  return Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]))
}

describe('the end of a process is the outcome', () => {
  test('exit code 0 is success, with what was printed', async () => {
    expect(await run(aScript('echo done'))).toEqual({
      kind: 'succeeded',
      output: { head: 'done\n', tail: '', omittedBytes: 0 },
    })
  })

  test('a command is run as it is written, without a shell', async () => {
    expect(headOf(await run(aCommand(['/bin/echo', '$HOME', '*', ';', 'true'])))).toBe('$HOME * ; true\n')
  })

  test('another exit code is a failure that names it', async () => {
    expect(await run(aScript('exit 3'))).toEqual({ kind: 'failed', reason: 'exit code 3', exitCode: 3 })
  })

  test('exit code 75 asks to be tried again', async () => {
    expect(await run(aScript('exit 75'))).toEqual({
      kind: 'retryAsked',
      reason: 'exit code 75',
      exitCode: 75,
    })
  })

  test.each(['SIGSEGV', 'SIGTERM', 'SIGKILL', 'SIGPIPE', 'SIGUSR1', 'SIGABRT'])(
    'a process that is killed by %s has failed, and the signal is named',
    async (signal) => {
      expect(await run(aScript(`kill -${signal.slice(3)} $$`))).toEqual({
        kind: 'failed',
        reason: `killed by ${signal}`,
        signal,
      })
    },
  )
})

describe('what cannot be started says why', () => {
  test('a program that is not in PATH', async () => {
    const own = { PATH: '/usr/bin:/bin' }
    expect(await run(aCommand(['no-such-program']), undefined, own)).toEqual({
      kind: 'failed',
      reason: 'cannot start no-such-program: it is not found in PATH (/usr/bin:/bin)',
    })
  })

  test('a program that does not exist', async () => {
    expect(await run(aCommand(['/opt/none/backup', '--full']))).toMatchObject({
      reason: 'cannot start /opt/none/backup: there is no such program',
    })
  })

  test('a file that is not executable', async () => {
    const file = join(temporaryDirectory(), 'backup')
    writeFileSync(file, '#!/bin/sh\n')
    expect(await run(aCommand([file]))).toMatchObject({
      reason: `cannot start ${file}: permission denied (is it an executable file?)`,
    })
  })

  test('a script whose interpreter does not exist', async () => {
    const file = join(temporaryDirectory(), 'backup')
    writeFileSync(file, '#!/opt/none/python\n')
    chmodSync(file, 0o755)
    expect(await run(aCommand([file]))).toMatchObject({
      reason: `cannot start ${file}: the interpreter that its first line names does not exist`,
    })
  })

  test('a directory that does not exist', async () => {
    expect(await run(aScript('true', { cwd: '/opt/none' }))).toMatchObject({
      kind: 'failed',
      reason: 'cannot start /bin/sh: its directory /opt/none does not exist',
    })
  })

  test('a NUL in the environment, without showing the value', async () => {
    const outcome = await run(aScript('true', { env: { TOKEN: 'geheim\0' } }))
    expect(outcome).toMatchObject({ kind: 'failed' })
    expect(JSON.stringify(outcome)).toContain('NUL')
    expect(JSON.stringify(outcome)).not.toContain('geheim')
  })
})

describe('arguments', () => {
  test('are refused for good by a command that does not read them', async () => {
    const refused = {
      kind: 'failed',
      permanent: true,
      reason: 'it was sent arguments, and its command reads none: write `stdin: json` at the task',
    }
    expect(await run(aScript('echo ran'), aMessage({ args: ['; rm -rf /'] }))).toEqual(refused)
    expect(await run(aScript('echo ran'), aMessage({ kwargs: { to: '$(id)' } }))).toEqual(refused)
  })

  test('come as JSON on standard input where the task says so', async () => {
    const message = aMessage({ args: ['$(id)', '--option', { deep: [1] }], kwargs: { to: 'ü' } })
    const outcome = await run(aScript('cat', { stdin: 'json' }), message)
    expect(JSON.parse(headOf(outcome))).toEqual({ args: message.args, kwargs: message.kwargs })
  })

  test('need not be read', async () => {
    const message = aMessage({ args: ['x'.repeat(200_000)] })
    expect(await run(aScript('exec <&-; echo ready', { stdin: 'json' }), message)).toMatchObject({
      kind: 'succeeded',
    })
  })

  test('otherwise standard input is empty', async () => {
    expect(await run(aScript('cat; readlink /proc/self/fd/0'))).toMatchObject({
      output: { head: '/dev/null\n' },
    })
  })
})

describe('the environment of a command', () => {
  test('has a few names of the worker and none of its secrets', async () => {
    const own = {
      PATH: '/usr/bin:/bin',
      HOME: '/root',
      LC_ALL: 'C',
      TZ: 'UTC',
      TASKBEAT_BROKER_URL: 'amqp://u:geheim@h',
      NODE_OPTIONS: '--inspect',
      LD_PRELOAD: '/tmp/x.so',
      CREDENTIALS_DIRECTORY: '/run/c',
    }
    const env = await environmentOf(aCommand(['env']), undefined, own)
    expect(env).toMatchObject({ PATH: '/usr/bin:/bin', HOME: '/root', LC_ALL: 'C', TZ: 'UTC' })
    for (const name of ['TASKBEAT_BROKER_URL', 'NODE_OPTIONS', 'LD_PRELOAD', 'CREDENTIALS_DIRECTORY'])
      expect(env).not.toHaveProperty(name)
  })

  test('says which run it is', async () => {
    const due = instant(Date.parse('2026-11-22T08:00:00.250Z'))
    const message = anOccurrence('nightly', { due }, { task: 'backup', attempt: 2, queue: 'slow' })
    expect(await environmentOf(aCommand(['env']), message)).toMatchObject({
      TASKBEAT_ID: message.id,
      TASKBEAT_TASK: 'backup',
      TASKBEAT_ENTRY: 'nightly',
      TASKBEAT_DUE: '2026-11-22T08:00:00.250Z',
      TASKBEAT_ATTEMPT: '2',
      TASKBEAT_QUEUE: 'slow',
    })
  })

  test('leaves empty what does not apply, so that a script under set -u runs', async () => {
    expect(await run(aScript('set -u; echo "[$TASKBEAT_ENTRY$TASKBEAT_DUE]"'))).toMatchObject({
      output: { head: '[]\n' },
    })
  })

  test('takes env_file, then env over it, and neither over what says which run it is', async () => {
    const envFile = join(temporaryDirectory(), 'mail.env')
    writeFileSync(envFile, '# of the mailer\nTIER=silver\nTOKEN="a b"\nTASKBEAT_ID=forged\n')
    const message = aMessage()
    const env = await environmentOf(
      aCommand(['env'], { envFile, env: { TIER: 'gold', TASKBEAT_QUEUE: 'forged' } }),
      message,
    )
    expect(env).toMatchObject({
      TIER: 'gold',
      TOKEN: 'a b',
      TASKBEAT_ID: message.id,
      TASKBEAT_QUEUE: 'taskbeat',
    })
  })

  test('an env_file that is not there is a failure that names it', async () => {
    expect(await run(aScript('true', { envFile: '/opt/none.env' }))).toEqual({
      kind: 'failed',
      reason: 'env_file /opt/none.env cannot be read: there is no such file',
    })
  })
})

describe('output', () => {
  test('is told line by line, by stream, with the last line that has no end', async () => {
    const attempt = begin(aScript('echo one; echo two >&2; printf "three\\r\\nfour"'))
    await attempt.outcome
    expect(attempt.lines().filter(({ stream }) => stream === 'stdout')).toEqual([
      { stream: 'stdout', line: 'one', cut: false },
      { stream: 'stdout', line: 'three', cut: false },
      { stream: 'stdout', line: 'four', cut: false },
    ])
    expect(attempt.lines()).toContainEqual({ stream: 'stderr', line: 'two', cut: false })
  })

  test('that is not UTF-8 is shown as far as it can be', async () => {
    const attempt = begin(aScript(`printf 'a\\377b\\n'`))
    await attempt.outcome
    expect(attempt.lines()).toEqual([{ stream: 'stdout', line: 'a\ufffdb', cut: false }])
  })

  test('is told up to a bound, and then how many lines followed; head and tail are kept all the same', async () => {
    const attempt = begin(aScript('seq 1 1000000; printf end', { outputLimitBytes: 10 }))
    expect(await attempt.outcome).toMatchObject({
      kind: 'succeeded',
      output: { head: '1\n2\n3\n4\n5\n', tail: '000000\nend' },
    })
    expect(attempt.lines().map(({ line }) => line)).toEqual(
      Array.from({ length: mostLoggedLines }, (_, index) => String(index + 1)),
    )
    expect(attempt.omitted()).toEqual([1_000_001 - mostLoggedLines])
  })

  test('of a few lines leaves nothing out', async () => {
    const attempt = begin(aScript('echo one; printf two'))
    await attempt.outcome
    expect(attempt.omitted()).toEqual([])
  })

  test('of 200 MB without a newline takes bounded memory, and keeps head and tail', async () => {
    const limit = 1_000
    const before = process.memoryUsage().rss
    let most = 0
    const task = aScript('printf begin; head -c 200000000 /dev/zero; printf end', { outputLimitBytes: limit })
    const outcome = await new CommandExecutor({ clock: systemClock, guard, environment: process.env }).run({
      task,
      message: aMessage(),
      interrupt: new AbortController().signal,
      kill: new AbortController().signal,
      emit: () => {
        most = Math.max(most, process.memoryUsage().rss)
      },
    })
    expect(most - before).toBeLessThan(100_000_000)
    if (outcome.kind !== 'succeeded' || !outcome.output) throw new Error(outcome.kind)
    expect(outcome.output.head).toMatch(/^begin\0+$/)
    expect(outcome.output.tail).toMatch(/^\0+end$/)
    expect(outcome.output.omittedBytes).toBe(200_000_008 - 2 * limit)
  })
})

describe('a time limit', () => {
  test('ends a command politely', async () => {
    const attempt = begin(
      aScript('trap "echo bye; exit 0" TERM; echo ready; while :; do sleep 0.01; done', {
        timeout: milliseconds(400),
      }),
    )
    expect(await attempt.outcome).toMatchObject({ kind: 'timedOut', limit: 400 })
    expect(attempt.lines().map(({ line }) => line)).toContain('bye')
  })

  test('leaves what the command started its time too, though the command itself ends at once', async () => {
    const child = `trap "sleep 0.2; echo cleaned; exit" TERM; echo ready; while :; do sleep 0.01; done`
    const attempt = begin(aScript(`sh -c '${child}' & wait`, { timeout: milliseconds(300) }))
    expect(await attempt.outcome).toMatchObject({ kind: 'timedOut' })
    expect(attempt.lines().map(({ line }) => line)).toContain('cleaned')
  })

  test('ends a command that ignores SIGTERM by force', async () => {
    const attempt = begin(
      aScript('trap "" TERM; echo ready; while :; do sleep 1; done', { timeout: short, killAfter: short }),
    )
    expect(await attempt.outcome).toMatchObject({ kind: 'timedOut', limit: short })
    expect(processesOfRun(attempt.id)).toEqual([])
  })

  test('ends a command that has closed its standard streams', async () => {
    const attempt = begin(aScript('exec <&- >&- 2>&-; sleep 1000', { timeout: short }))
    expect(await attempt.outcome).toEqual({ kind: 'timedOut', limit: short })
  })

  test('reaches whatever the command started, in other sessions too', async () => {
    const attempt = begin(
      aScript('sleep 1000 & setsid sleep 1001 & setsid -f setsid -f sleep 1002; wait', {
        timeout: milliseconds(300),
      }),
    )
    expect(await attempt.outcome).toMatchObject({ kind: 'timedOut' })
    expect(processesOfRun(attempt.id)).toEqual([])
  })

  test('ends a command that forks without end', async () => {
    // Each process starts two more, 200 at once at the most.
    const bomb = 'f() { [ "$(ls /proc | grep -c "^[0-9]")" -lt 400 ] && { f & f & }; sleep 0.05; f; }; f'
    const attempt = begin(aScript(bomb, { timeout: milliseconds(500), killAfter: short }))
    expect(await attempt.outcome).toMatchObject({ kind: 'timedOut' })
    expect(processesOfRun(attempt.id)).toEqual([])
  })
})

describe('what a command leaves behind', () => {
  test('in its group is killed at once, though it holds the output', async () => {
    const attempt = begin(aScript('trap "" TERM; sleep 1000 & echo $!'))
    expect(await attempt.outcome).toMatchObject({ kind: 'succeeded' })
    expect(processesOfRun(attempt.id)).toEqual([])
  })

  test('in a session of its own lives on, and does not hold up the end though it holds the output', async () => {
    const attempt = begin(aScript('setsid sleep 1000 & echo started'))
    expect(await attempt.outcome).toMatchObject({ kind: 'succeeded', output: { head: 'started\n' } })
    expect(processesOfRun(attempt.id)).toHaveLength(1)
    await guard.sweep(attempt.id)
  })
})

describe('an interruption', () => {
  const stubborn = 'trap "" TERM; echo ready; while :; do sleep 1; done'

  test('ends a command politely, and says who wanted it', async () => {
    const attempt = begin(aScript('echo ready; sleep 1000'))
    await attempt.printed('ready')
    attempt.interrupt()
    expect(await attempt.outcome).toMatchObject({ kind: 'interrupted', reason: 'the worker stopped' })
  })

  test('does not wait for kill_after once it means now', async () => {
    const attempt = begin(aScript(stubborn))
    await attempt.printed('ready')
    attempt.interrupt()
    attempt.kill()
    expect(await attempt.outcome).toMatchObject({ kind: 'interrupted', reason: 'the worker stopped' })
    expect(processesOfRun(attempt.id)).toEqual([])
  })

  test('that comes before the command has started is obeyed all the same', async () => {
    const attempt = begin(aScript('sleep 1000'))
    attempt.kill()
    expect(await attempt.outcome).toMatchObject({ kind: 'interrupted' })
  })

  test('after the time limit changes nothing: the first reason counts', async () => {
    const attempt = begin(aScript('trap "echo told" TERM; while :; do sleep 0.01; done', { timeout: short }))
    await attempt.printed('told')
    attempt.kill()
    expect(await attempt.outcome).toMatchObject({ kind: 'timedOut', limit: short })
  })
})

describe('a command with a soft limit', () => {
  const softTimeout = milliseconds(100)

  test('is asked to end, and has succeeded when it ends well', async () => {
    const script = `trap 'echo asked; exit 0' TERM; while :; do sleep 0.02; done`
    expect(await run(aScript(script, { softTimeout }))).toMatchObject({
      kind: 'succeeded',
      output: { head: expect.stringContaining('asked') },
    })
  })

  test('has timed out when it does not end well', async () => {
    expect(await run(aScript('sleep 60', { softTimeout }))).toMatchObject({ kind: 'timedOut', limit: 100 })
  })

  test('is killed at the hard one, without being asked again', async () => {
    const script = `trap 'echo asked' TERM; while :; do sleep 0.02; done`
    const outcome = await run(aScript(script, { softTimeout, timeout: milliseconds(400) }))
    expect(outcome).toMatchObject({ kind: 'timedOut', limit: 400 })
    expect(headOf(outcome).match(/asked/g)).toHaveLength(1)
  })
})
