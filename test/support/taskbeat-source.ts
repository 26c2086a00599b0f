import { fileURLToPath } from 'node:url'
import { type Child, startNode } from './child.ts'

const program = fileURLToPath(new URL('../../src/cli/bin.ts', import.meta.url))

export interface SourceProcess extends Child {
  /** Reads its output up to the first line that matches. Rejects when it ends without one. */
  said(what: RegExp): Promise<string>
  /** All that was read of its output so far. */
  readonly heard: readonly string[]
  /** Reads the rest; resolves when it is gone. */
  end(): Promise<{ readonly code: number | NodeJS.Signals; readonly stderr: string }>
  signal(signal: NodeJS.Signals): void
}

/** A service as a process, from its source as it is: for what needs no build. Killed when the test has ended. */
export function startSource(directory: string, ...args: readonly string[]): SourceProcess {
  const env = { PATH: process.env.PATH, HOME: directory, TMPDIR: directory }
  const child = startNode(program, [...args, '--config', 'schedules.yaml'], { cwd: directory, env })
  const heard: string[] = []
  return {
    ...child,
    heard,
    async said(what) {
      for (;;) {
        const next = await child.lines.next()
        if (next.done) {
          const { stderr } = await child.ended
          throw new Error(`it ended without saying ${what}:\n${heard.join('\n')}\n${stderr}`)
        }
        heard.push(next.value)
        if (what.test(next.value)) return next.value
      }
    },
    async end() {
      for (;;) {
        const next = await child.lines.next()
        if (next.done) return child.ended
        heard.push(next.value)
      }
    },
    signal: (signal) => {
      process.kill(child.pid, signal)
    },
  }
}
