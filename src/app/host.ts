import { hostname } from 'node:os'

/** Where and as whom this process runs: the one door to its environment. */
export interface Host {
  readonly name: string
  readonly pid: number
  readonly cwd: string
  readonly isRoot: boolean
  readonly env: Readonly<Record<string, string | undefined>>
}

export function thisHost(): Host {
  return {
    name: hostname(),
    pid: process.pid,
    cwd: process.cwd(),
    isRoot: process.getuid?.() === 0,
    env: process.env,
  }
}
