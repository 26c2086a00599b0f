import { fileURLToPath } from 'node:url'
import { startProcess } from './owned-process.ts'

/** A stretch of time in which a timer of another process was more than 20 ms late. */
export interface Stall {
  readonly from: number
  readonly to: number
}

/** Watches, in a process of its own, how punctual this machine lets anybody be. */
export interface ControlTimer extends AsyncDisposable {
  readonly stalls: readonly Stall[]
}

export async function startControlTimer(): Promise<ControlTimer> {
  const script = fileURLToPath(new URL('control-timer-process.ts', import.meta.url))
  const child = startProcess({ name: 'control timer', command: process.execPath, args: [script], cwd: '/' })
  const stalls: Stall[] = []
  await new Promise<void>((resolve) => {
    child.onLine((line) => {
      const [from, to] = line.split(' ').map(Number)
      if (from !== undefined && to !== undefined) stalls.push({ from, to })
      else resolve()
    })
  })
  return {
    stalls,
    [Symbol.asyncDispose]: async () => {
      await child.kill()
    },
  }
}

/** Something that was to happen at `due` and happened at `at`. */
export interface Sample {
  readonly due: number
  readonly at: number
}

export interface Lateness {
  readonly judged: number
  /** While these waited, the control timer was late as well. */
  readonly leftOut: number
  readonly p50: number
  readonly p99: number
  readonly max: number
  readonly earliest: number
}

/** Lateness in milliseconds of the samples during which the control timer was punctual. */
export function judgeLateness(samples: readonly Sample[], stalls: readonly Stall[]): Lateness {
  const judged = samples.filter(({ due, at }) => !stalls.some(({ from, to }) => from <= at && to >= due))
  const sorted = judged.map(({ due, at }) => at - due).sort((a, b) => a - b)
  const quantile = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
  return {
    judged: sorted.length,
    leftOut: samples.length - sorted.length,
    p50: quantile(0.5),
    p99: quantile(0.99),
    max: sorted.at(-1) ?? Number.NaN,
    earliest: sorted[0] ?? Number.NaN,
  }
}
