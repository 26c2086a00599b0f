import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** How a process ended: its exit code, or the signal that ended it. */
export interface Ending {
  readonly code: number | NodeJS.Signals
  readonly stderr: string
}

/** A process whose lines can be waited for. Whoever starts one ends it. */
export interface OwnedProcess {
  /** What it is called when something goes wrong with it. */
  readonly name: string
  readonly pid: number
  /** What it has written to standard output so far. */
  readonly lines: readonly string[]
  readonly ended: Promise<Ending>
  readonly hasEnded: boolean
  /** Called with each line from now on. */
  onLine(read: (line: string) => void): void
  signal(signal: NodeJS.Signals): void
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<Ending>
}

export interface Start {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env?: NodeJS.ProcessEnv
}

export function startProcess({ name, command, args, cwd, env }: Start): OwnedProcess {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], ...(env ? { env } : {}) })
  const { pid } = child
  if (pid === undefined) throw new Error(`${name} could not be started: ${command}`)
  const lines: string[] = []
  const readers: ((line: string) => void)[] = []
  let stderr = ''
  let hasEnded = false
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    for (const read of readers) read(line)
  })
  const ended = new Promise<Ending>((resolve) => {
    child.once('close', (code, signal) => {
      hasEnded = true
      resolve({ code: code ?? signal ?? 'SIGKILL', stderr })
    })
  })
  return {
    name,
    pid,
    lines,
    ended,
    get hasEnded() {
      return hasEnded
    },
    onLine: (read) => {
      readers.push(read)
    },
    signal: (signal) => {
      child.kill(signal)
    },
    kill: () => {
      child.kill('SIGKILL')
      return ended
    },
  }
}
