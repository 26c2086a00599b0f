import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, existsSync, statSync } from 'node:fs'
import type { TaskDefinition } from '../../task/task-definition.ts'
import { ProcessGroup } from './process-group.ts'

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
  /** Of one that runs as another user: why it did not come to run, asked when its pipes are closed. */
  readonly problem?: (exitCode: number | null) => string | undefined
}

export interface SpawnOptions {
  readonly cwd: string
  readonly env: Record<string, string>
  readonly stdin: 'pipe' | 'ignore'
  /** It has a descriptor 3 to hear and speak by. */
  readonly talks?: true
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
  const { cwd, env, stdin, talks } = options
  try {
    const child = spawn(command.program, command.args, {
      cwd,
      env,
      detached: true,
      stdio: [stdin, 'pipe', 'pipe', ...(talks ? ['pipe' as const] : [])],
    })
    if (child.pid !== undefined) return { child, group: new ProcessGroup(child.pid) }
    const [error] = await once(child, 'error').catch((failure: unknown) => [failure])
    return explain(error, command, cwd, env)
  } catch (error) {
    return explain(error, command, cwd, env) // what is not about the file (a NUL, too long a list) is thrown
  }
}

function explain(error: unknown, command: CommandLine, cwd: string, env: Record<string, string>): string {
  return `cannot start ${command.program}: ${cause(error, command, cwd, env)}`
}

/** The kernel says ENOENT of the program, of its interpreter and of the directory alike. */
function cause(error: unknown, { program }: CommandLine, cwd: string, env: Record<string, string>): string {
  const { code, message } = error as NodeJS.ErrnoException
  switch (code) {
    case 'ENOENT':
      return directoryProblem(cwd) ?? missing(program, env)
    case 'ENOTDIR':
    case 'EACCES':
      return directoryProblem(cwd) ?? 'permission denied (is it an executable file?)'
    case 'EAGAIN':
      return 'the machine or the user has too many processes'
    case 'E2BIG':
      return 'its arguments and environment are too long'
    case 'ERR_INVALID_ARG_VALUE':
      return 'an argument or a value of its environment contains a NUL' // the message would show which, and its value
    default:
      return message
  }
}

function missing(program: string, env: Record<string, string>): string {
  const { PATH } = env
  if (!program.includes('/')) return `it is not found in PATH (${PATH})`
  return existsSync(program)
    ? 'the interpreter that its first line names does not exist'
    : 'there is no such program'
}

function directoryProblem(cwd: string): string | undefined {
  try {
    if (!statSync(cwd).isDirectory()) return `its directory ${cwd} is no directory`
    accessSync(cwd, constants.X_OK)
    return undefined
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    return `its directory ${cwd} ${missing ? 'does not exist' : 'may not be entered'}`
  }
}
