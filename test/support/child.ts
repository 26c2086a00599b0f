import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'

/** A Node process of a test's own; killed when the test has ended. */
export interface Child {
  readonly pid: number
  /** The next line of its standard output. Rejects when it ends without one. */
  line(): Promise<string>
  /** Its standard output as it comes. */
  readonly lines: AsyncIterator<string>
  /** SIGKILL unless said otherwise; resolves when it is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>
  /** Its exit code or the name of the signal that ended it, and what it wrote to standard error. */
  readonly ended: Promise<{ readonly code: number | NodeJS.Signals; readonly stderr: string }>
}

/** Runs a script of this repository (TypeScript as it is) with its arguments. */
export function startNode(
  script: string,
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly cwd?: string } = {},
): Child {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'], ...options })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  return wrap(child)
}

function wrap(child: ChildProcess): Child {
  const { stdout, stderr, pid } = child
  if (!stdout || !stderr || pid === undefined) throw new Error('the process could not be started')
  let errors = ''
  stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]()
  const ended = new Promise<{ code: number | NodeJS.Signals; stderr: string }>((resolve) => {
    child.on('close', (code, signal) => resolve({ code: code ?? signal ?? 'SIGKILL', stderr: errors }))
  })
  return {
    pid,
    lines,
    ended,
    line: async () => {
      const next = await lines.next()
      if (next.done) throw new Error(`the process ended early: ${errors}`)
      return next.value
    },
    kill: async (signal = 'SIGKILL') => {
      child.kill(signal)
      await ended
    },
  }
}
