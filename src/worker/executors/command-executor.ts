/**
 * Runs a task that is a command.
 *
 *   refuse arguments nobody reads → user → environment → announce to the guard → spawn ─▶ watch ─▶ leftovers ─▶ pipes ─▶ outcome
 *                                                                        │                 killed      closed
 *                                                                        └ cannot start: failed, with the reason
 *
 * The attempt is over when its main process is. What the process left in its group is killed then, after a moment,
 * because a journal that says "ended" must not be wrong; a daemon that the task started on purpose has left the group
 * (setsid) and lives on, unless each run has a cgroup of its own: nothing leaves that, and what is in it is killed.
 * Until then everything is the attempt's: on a time limit or an interruption the whole group gets SIGTERM and, those of
 * it that are left after `killAfter`, SIGKILL, and then whatever else is in its cgroup, or carries the run's id, is
 * killed as well. Where the task has a soft limit, that is when SIGTERM comes, and the hard one is SIGKILL. The first
 * reason to stop is the one that is told, whatever the process makes of it.
 *
 * Whoever holds the pipes after the end (a daemon that did not close them) gets half a second, then they are closed.
 * Output is passed on by lines, a bounded number of them, and kept in bounded memory; it is read no faster than leaves the
 * thread to others, so that a process that prints without end only fills a pipe, and waits.
 */
import type { ChildProcess } from 'node:child_process'
import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '../../core/clock.ts'
import { type Milliseconds, milliseconds } from '../../core/instant.ts'
import type { Outcome, Output } from '../../task/outcome.ts'
import type { TaskMessage } from '../../task/task-message.ts'
import type { Execution, Executor } from '../executor.ts'
import type { ProcessGuard } from '../process-guard.ts'
import type { RunCgroup, RunCgroups } from '../run-cgroups.ts'
import { CapturedOutput } from './captured-output.ts'
import { commandEnvironment, type Environment, runEnvironment, standardPath } from './command-environment.ts'
import { commandOutcome, type Exit } from './command-outcome.ts'
import { EnvFileError } from './env-file.ts'
import { findAccount } from './find-account.ts'
import { type Crowd, PacedReading } from './paced-reading.ts'
import { PrintedLines } from './printed-lines.ts'
import type { ProcessGroup } from './process-group.ts'
import { type Identity, ownIdentity, runAs } from './run-as.ts'
import { spawnAsUser } from './spawn-as-user.ts'
import { commandLineOf, type SpawnedCommand, type SpawnOptions, spawnCommand } from './spawn-command.ts'
import { type StopReason, watchForStop } from './stop-watch.ts'

/** How long what is left may take to end, or to leave the group: a daemon forks first and calls setsid then. */
const farewell = milliseconds(100)

/** How long the pipes of a process that has ended may stay open in the hands of others. */
const pipeGrace = milliseconds(500)

export class CommandExecutor implements Executor {
  readonly #clock: Clock
  readonly #guard: ProcessGuard
  readonly #environment: Environment
  readonly #identity: Identity
  readonly #cgroups: RunCgroups | undefined
  readonly #crowd: Crowd = { waiting: 0 }

  /** `environment` is the worker's own; a command gets a few names of it only. Without `cgroups` there are none. */
  constructor(parts: {
    readonly clock: Clock
    readonly guard: ProcessGuard
    readonly environment: Environment
    readonly cgroups?: RunCgroups | undefined
  }) {
    this.#clock = parts.clock
    this.#guard = parts.guard
    this.#environment = parts.environment
    this.#identity = ownIdentity(parts.environment)
    this.#cgroups = parts.cgroups
  }

  async run(execution: Execution): Promise<Outcome> {
    const { definition } = execution.task
    const command = commandLineOf(definition)
    if (!command) return failed(`${definition.name} has no command`)
    if (!definition.stdin && hasArguments(execution.message)) return argumentsRefused
    const as = runAs(definition.user, this.#identity)
    if (as.kind === 'refused') return { kind: 'failed', reason: as.reason, permanent: true }
    const { PATH: path = standardPath } = this.#environment
    const account = as.kind === 'other' ? await findAccount(as.user, path) : undefined
    if (typeof account === 'string') return failed(account)
    try {
      const env = await commandEnvironment(definition, execution.message, this.#environment, account)
      const cgroup = await this.#cgroups?.open()
      const guarded = this.#guard.announce()
      try {
        const options: SpawnOptions = {
          cwd: definition.cwd,
          env: { ...env, ...guarded.environment },
          stdin: definition.stdin ? 'pipe' : 'ignore',
          cgroup,
        }
        const bare = { PATH: path, ...runEnvironment(execution.message), ...guarded.environment }
        const spawned = await (account
          ? spawnAsUser(command, options, { account, bare })
          : spawnCommand(command, options))
        if (typeof spawned === 'string') return failed(spawned)
        guarded.spawned(spawned.group.id)
        return await this.#attend(spawned, execution, cgroup)
      } finally {
        await cgroup?.end(milliseconds(0)) // nothing has run in it, or it has been ended
        guarded.ended()
      }
    } catch (error) {
      if (error instanceof EnvFileError) return failed(error.message)
      throw error
    }
  }

  async #attend(
    { child, group, problem }: SpawnedCommand,
    execution: Execution,
    cgroup: RunCgroup | undefined,
  ): Promise<Outcome> {
    const printed = this.#listen(child, execution)
    const closed = new Promise((resolve) => child.once('close', resolve))
    const exited = exitOf(child)
    if (execution.task.definition.stdin) writeArguments(child, execution.message)
    let killAt = 0
    const watch = watchForStop(execution, this.#clock, {
      ask: () => group.signal('SIGTERM'),
      stop: (reason, over) => {
        const wait = politeness(reason, execution)
        killAt = this.#clock.monotonic() + wait
        void this.#terminate(group, wait, execution, over)
      },
    })
    const exit = await exited
    watch.end()
    cgroup?.tellOutside(execution.message.id)
    const patience = watch.reason ? milliseconds(killAt - this.#clock.monotonic()) : farewell
    await group.end(patience, execution.kill)
    // Who has left the group was not asked to end, and after a limit there is nothing to wait for.
    await cgroup?.end(watch.reason ? milliseconds(0) : farewell, execution.kill)
    if (watch.reason) await this.#guard.sweep(execution.message.id)
    await this.#closePipes(child, closed, printed.hurry)
    const output = printed.end()
    const unstarted = watch.reason ? undefined : problem?.(exit.code)
    if (unstarted === undefined) return commandOutcome(exit, watch, output)
    return { kind: 'failed', reason: unstarted, ...(output && { output }) }
  }

  /** Politely, then by force; `over` is aborted when the main process has ended. */
  async #terminate(
    group: ProcessGroup,
    wait: Milliseconds,
    execution: Execution,
    over: AbortSignal,
  ): Promise<void> {
    if (wait > 0 && !execution.kill.aborted) {
      group.signal('SIGTERM')
      await this.#clock.sleep(wait, AbortSignal.any([over, execution.kill]))
    }
    if (!over.aborted) group.signal('SIGKILL')
  }

  #listen(
    child: ChildProcess,
    execution: Execution,
  ): { readonly hurry: () => void; readonly end: () => Output | undefined } {
    const captured = new CapturedOutput(execution.task.definition.outputLimitBytes)
    const lines = new PrintedLines(execution, this.#clock)
    const reading = new PacedReading(
      { stdout: child.stdout, stderr: child.stderr },
      {
        take: (stream, piece) => {
          captured.write(piece)
          lines.write(stream, piece)
        },
        clock: this.#clock,
        crowd: this.#crowd,
      },
    )
    return {
      hurry: () => reading.hurry(),
      end: () => {
        lines.end()
        return captured.toOutput()
      },
    }
  }

  async #closePipes(child: ChildProcess, closed: Promise<unknown>, hurry: () => void): Promise<void> {
    const waited = new AbortController()
    await Promise.race([closed, this.#clock.sleep(pipeGrace, waited.signal)])
    waited.abort()
    hurry()
    await turn() // a worker that was busy meanwhile reads what has arrived before it closes
    child.stdout?.destroy()
    child.stderr?.destroy()
    child.stdin?.destroy()
    child.stdio[3]?.destroy()
  }
}

/** Between SIGTERM and SIGKILL: none where the soft limit was the time to be asked politely. */
function politeness(reason: StopReason, { task: { definition } }: Execution): Milliseconds {
  const wasAsked = reason.kind === 'timedOut' && definition.softTimeout !== undefined
  return wasAsked ? milliseconds(0) : definition.killAfter
}

const argumentsRefused: Outcome = {
  kind: 'failed',
  reason: 'it was sent arguments, and its command reads none: write `stdin: json` at the task',
  permanent: true,
}

function failed(reason: string): Outcome {
  return { kind: 'failed', reason }
}

function hasArguments({ args, kwargs }: TaskMessage): boolean {
  return args.length > 0 || Object.keys(kwargs).length > 0
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
}

/** A command may end, or close its input, without having read it: that is its own business. */
function writeArguments(child: ChildProcess, { args, kwargs }: TaskMessage): void {
  child.stdin?.on('error', () => {})
  child.stdin?.end(JSON.stringify({ args, kwargs }))
}
