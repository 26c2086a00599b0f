import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { TaskDefinition } from '../../task/task-definition.ts'
import type { RunCgroup } from '../run-cgroups.ts'
import { ProcessGroup } from './process-group.ts'
import { explainStart, findStartProblem } from './start-problem.ts'

/** A command as it is handed to the kernel. */
export interface CommandLine {
  readonly program: string
  readonly args: readonly string[]
}

/** What runs for the task; undefined when it is no command. */
export function commandLineOf({ action }: TaskDefinition): CommandLine | undefined {
  if (action.kind === 'shell') return { program: '/bin/sh', args: ['-c', action.script] }
  const [program, ...args] = action.kind === 'command' ? action.argv : []
  return program === undefined ? undefined : { program, args }
}

export interface SpawnedCommand {
  readonly child: ChildProcess
  readonly group: ProcessGroup
  /** Of one that something else was to become: why it did not come to run, asked when its pipes are closed. */
  readonly problem?: (exitCode: number | null) => string | undefined
}

export interface SpawnOptions {
  readonly cwd: string
  readonly env: Record<string, string>
  readonly stdin: 'pipe' | 'ignore'
  /** It has a descriptor 3 to hear and speak by. */
  readonly talks?: true
  /** Where it runs; to be ended by whoever has made it. */
  readonly cgroup?: RunCgroup | undefined
}

/**
 * Starts the command as the leader of its own process group and session, so that it can be signalled with all that it
 * starts, and so that Ctrl-C at the worker's terminal is not its business. Resolves with the reason, fit for a person,
 * when it cannot be started.
 */
export async function spawnCommand(
  command: CommandLine,
  options: SpawnOptions,
): Promise<SpawnedCommand | string> {
  const { cwd, env, stdin, talks, cgroup } = options
  const own = { ...command, env }
  const entering = cgroup?.enter(own) ?? own
  try {
    const child = spawn(entering.program, entering.args, {
      cwd,
      env: entering.env,
      detached: true,
      stdio: [stdin, 'pipe', 'pipe', ...(talks ? ['pipe' as const] : [])],
    })
    if (child.pid !== undefined) {
      const group = new ProcessGroup(child.pid)
      if (!cgroup) return { child, group }
      return { child, group, problem: (exitCode) => findStartProblem(exitCode, command, cwd, env) }
    }
    const [error] = await once(child, 'error').catch((failure: unknown) => [failure])
    return explainStart(error, command, cwd, env)
  } catch (error) {
    return explainStart(error, command, cwd, env) // what is not about the file (a NUL, too long a list) is thrown
  }
}
