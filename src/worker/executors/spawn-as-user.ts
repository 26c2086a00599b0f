/**
 * Starts a command as another user, which takes a worker that runs as root.
 *
 *   setpriv (root, an environment of taskbeat's only) ─▶ sh (the user) ─▶ env (the user) ─▶ the command (the user)
 *                                                         │ reads the environment, enters the directory, tells
 *
 * The four are one process, so that group, signals and exit code are those of the command. What the task says of its
 * environment must not reach setpriv: an LD_PRELOAD in a file that the user writes would be root's. It is not an
 * argument either, which everybody could read, but comes on descriptor 3. There the shell also tells how far it came,
 * because whether the user may enter a directory is for the kernel to say, of that user. No word: setpriv has failed.
 */
import type { Socket } from 'node:net'
import { exactEnvironment } from '../../core/exact-environment.ts'
import type { Account } from './find-account.ts'
import { type CommandLine, type SpawnedCommand, type SpawnOptions, spawnCommand } from './spawn-command.ts'

const script = `
eval "$(cat <&3)"
cd -- "$1" 2>/dev/null || { echo directory >&3; exit 126; }
(PATH=$search; command -v "$2") >/dev/null || { echo program >&3; exit 127; }
shift 2
echo started >&3
exec 3>&-
exec /usr/bin/env -i -S "$@"
`

export interface OtherUser {
  readonly account: Account
  /** What setpriv itself gets: nothing that a task can choose, but what its processes are known by. */
  readonly bare: Record<string, string>
}

const whatSetprivIs = 'it is part of util-linux, and changes the user'

/** As `spawnCommand`. The cgroup is entered by root, before setpriv: the user may not. */
export async function spawnAsUser(
  command: CommandLine,
  options: SpawnOptions,
  { account, bare }: OtherUser,
): Promise<SpawnedCommand | string> {
  const { cwd, env, stdin, cgroup } = options
  const identity = [`--reuid=${account.uid}`, `--regid=${account.gid}`, '--init-groups']
  const exact = exactEnvironment({ ...command, env })
  const args = [...identity, '/bin/sh', '-c', script, 'taskbeat', cwd, command.program, ...exact.args]
  const spawned = await spawnCommand(
    { program: 'setpriv', args },
    { cwd: '/', env: bare, stdin, talks: true, cgroup },
  )
  if (typeof spawned === 'string') return `${spawned}; ${whatSetprivIs}`
  const channel = spawned.child.stdio[3] as Socket
  let told = ''
  channel.setEncoding('utf8')
  channel.on('data', (word: string) => {
    told += word
  })
  channel.on('error', () => {}) // it has ended, and its exit says so
  channel.end(`search=${quoted(env.PATH ?? '')}\n${exportsOf(exact.carried)}`)
  const problem = (exitCode: number | null): string | undefined => {
    if (exitCode === null || told.startsWith('started')) return undefined
    const unstarted = told === '' ? spawned.problem?.(exitCode) : undefined
    if (unstarted !== undefined) return `${unstarted}; ${whatSetprivIs}`
    return `cannot start ${command.program} as ${account.name}: ${cause(told.trim(), command, cwd, env)}`
  }
  return { ...spawned, problem }
}

function cause(
  told: string,
  { program }: CommandLine,
  cwd: string,
  { PATH }: Record<string, string>,
): string {
  if (told === 'directory') return `that user may not enter its directory ${cwd}, or there is none`
  if (told !== 'program') return 'the user could not be changed, see the output'
  return program.includes('/')
    ? 'there is no such program that this user may execute'
    : `it is not found in PATH (${PATH})`
}

/** For a shell to read. */
function exportsOf(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => `export ${name}=${quoted(value)}\n`)
    .join('')
}

function quoted(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`
}
