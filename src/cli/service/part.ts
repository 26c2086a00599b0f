import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** One thing of an installation. */
export type Part = UserPart | DirectoryPart | FilePart

interface UserPart {
  readonly kind: 'user'
  readonly name: string
}

interface DirectoryPart extends Owned {
  readonly kind: 'directory'
  readonly owner: string
  readonly group: string
}

interface FilePart extends Owned {
  readonly kind: 'file'
  /** Read when it is needed: a package has no templates of what it brings. */
  text(): string
}

interface Owned {
  readonly path: string
  readonly mode: number
  /** The administrator's is made once and then left alone. */
  readonly whose: 'ours' | 'administrator'
}

/** How a part is: not there; as it should be; the administrator's, whatever it says; ours, but old; or another's. */
export type Condition = 'missing' | 'present' | 'kept' | 'outdated' | 'foreign'

export function nameOf(part: Part): string {
  return part.kind === 'user' ? `the user ${part.name}` : part.path
}

/** Whether it is a file that this command has made. `mark` is in every file of ours. */
export function isMade(part: Part, mark: string): boolean {
  return part.kind === 'file' && part.whose === 'ours' && readOrUndefined(part.path)?.includes(mark) === true
}

/** Looks. */
export function conditionOf(part: Part, mark: string): Condition {
  switch (part.kind) {
    case 'user':
      return answerOf('id', ['-u', part.name]) === undefined ? 'missing' : 'present'
    case 'directory': {
      const found = answerOf('stat', ['-L', '-c', '%a %U %G', part.path])
      if (found === undefined) return 'missing'
      if (part.whose === 'administrator') return 'kept'
      return found === `${part.mode.toString(8)} ${part.owner} ${part.group}` ? 'present' : 'outdated'
    }
    case 'file': {
      const found = readOrUndefined(part.path)
      if (found === undefined) return 'missing'
      if (part.whose === 'administrator') return 'kept'
      if (!found.includes(mark)) return 'foreign'
      const isSame = found === part.text() && (statSync(part.path).mode & 0o7777) === part.mode
      return isSame ? 'present' : 'outdated'
    }
  }
}

/** Makes it, or makes it what it should be. */
export function make(part: Part): void {
  switch (part.kind) {
    case 'user':
      makeUser(part.name)
      return
    case 'directory': {
      const { path, mode, owner, group } = part
      run('install', ['-d', '-m', mode.toString(8), '-o', owner, '-g', group, path])
      return
    }
    case 'file': {
      mkdirSync(dirname(part.path), { recursive: true, mode: 0o755 })
      const draft = `${part.path}.new`
      writeFileSync(draft, part.text(), { mode: part.mode, flag: 'wx' })
      run('chmod', [part.mode.toString(8), draft]) // whatever the umask
      renameSync(draft, part.path)
      return
    }
  }
}

/** Takes a file of ours away, and its directory with it when that was made for it. */
export function takeAway(path: string): void {
  rmSync(path)
  if (path.includes('.service.d/')) removeEmpty(dirname(path))
}

function removeEmpty(directory: string): void {
  try {
    rmdirSync(directory)
  } catch {
    // there is more in it, which is not ours
  }
}

function makeUser(name: string): void {
  const home = '/var/lib/taskbeat'
  const shell =
    ['/usr/sbin/nologin', '/sbin/nologin'].find((path) => readOrUndefined(path) !== undefined) ?? '/bin/false'
  if (answerOf('sh', ['-c', 'command -v useradd']) !== undefined) {
    run('useradd', [
      '--system',
      '--user-group',
      '--home-dir',
      home,
      '--no-create-home',
      '--shell',
      shell,
      name,
    ])
  } else {
    run('addgroup', ['-S', name])
    run('adduser', ['-S', '-D', '-H', '-h', home, '-s', shell, '-G', name, name])
  }
}

/** Runs a command. Rejects with what it said, when it fails. */
export function run(command: string, args: readonly string[]): void {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' })
}

/** What a command prints; undefined when it fails. */
export function answerOf(command: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync(command, args, { stdio: ['ignore', 'pipe', 'ignore'], encoding: 'utf8' }).trim()
  } catch {
    return undefined
  }
}

function readOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
