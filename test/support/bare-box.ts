import { execFile, execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { TestContext } from 'vitest'
import { requires } from './requirements.ts'
import { builtProgram } from './taskbeat-process.ts'

const project = fileURLToPath(new URL('../..', import.meta.url))
const boxScript = fileURLToPath(new URL('bare-box.sh', import.meta.url))

/** How a script ended, and what it wrote. */
export interface BoxResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs a script as root on a throw-away view of this machine without an init system. This project is there as
 * /usr/lib/taskbeat.
 */
export function runInBareBox(script: string, shell = 'sh'): Promise<BoxResult> {
  builtProgram()
  return new Promise((resolve) => {
    execFile(
      'bash',
      [boxScript, project, shell, '-c', script],
      { timeout: 110_000, killSignal: 'SIGKILL' },
      (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code ?? 124) : 0, stdout, stderr })
      },
    )
  })
}

/** Such a box needs root and its own namespaces. */
export function requiresBareBox(context: Pick<TestContext, 'skip'>): void {
  requires(context, canUnshare(), 'root, to make a machine of its own')
}

function canUnshare(): boolean {
  try {
    execFileSync('unshare', ['--mount', '--propagation', 'private', '--pid', '--fork', 'true'], {
      stdio: 'ignore',
    })
    return process.getuid?.() === 0
  } catch {
    return false
  }
}
