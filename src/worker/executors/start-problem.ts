import { accessSync, closeSync, constants, existsSync, openSync, readSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { CommandLine } from './spawn-command.ts'

/** Fit for a person. `error` is that of the attempt to start it. */
export function explainStart(
  error: unknown,
  command: CommandLine,
  cwd: string,
  env: Record<string, string>,
): string {
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

/**
 * The same of a command that a shell was to become: the shell then ends with 126 or 127, but so may the command
 * itself. Undefined when nothing stands in its way.
 */
export function findStartProblem(
  exitCode: number | null,
  command: CommandLine,
  cwd: string,
  env: Record<string, string>,
): string | undefined {
  if (exitCode !== 126 && exitCode !== 127) return undefined
  const code = refusal(command, cwd, env)
  return code && explainStart({ code }, command, cwd, env)
}

/** What execvp(3) says of it. */
function refusal(
  { program }: CommandLine,
  cwd: string,
  { PATH = '' }: Record<string, string>,
): 'ENOENT' | 'EACCES' | undefined {
  const places = program.includes('/') ? [cwd] : PATH.split(':')
  const files = places.map((place) => resolve(cwd, place, program)).filter((file) => existsSync(file))
  if (files.length === 0) return 'ENOENT'
  const file = files.find(isExecutable)
  if (file === undefined) return 'EACCES'
  const interpreter = interpreterOf(file)
  return interpreter === undefined || existsSync(resolve(cwd, interpreter)) ? undefined : 'ENOENT'
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

/** What its first line names. The kernel reads so much of it, see execve(2). */
function interpreterOf(file: string): string | undefined {
  const start = Buffer.alloc(255)
  try {
    const descriptor = openSync(file, 'r')
    readSync(descriptor, start, 0, start.length, 0)
    closeSync(descriptor)
  } catch {
    return undefined // it may be executed and not read, as a script cannot be
  }
  const [, interpreter] = /^#![ \t]*([^ \t\n\0]+)/.exec(start.toString('latin1')) ?? []
  return interpreter
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
