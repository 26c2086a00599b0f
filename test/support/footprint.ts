import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { memoryMib } from './process-usage.ts'
import type { TaskbeatProcess } from './taskbeat-process.ts'

/** What a process has in its hands at one moment, garbage apart. */
export interface Footprint {
  readonly descriptors: number
  readonly timers: number
  /** Sockets, pipes, watchers, whatever else the process waits for. */
  readonly handles: number
  /** What it remembers, listeners among it. */
  readonly heapMib: number
  readonly residentMib: number
}

/** What makes a process able to answer `footprintOf`. */
export const footprintEnv: NodeJS.ProcessEnv = {
  NODE_OPTIONS: `--import=${fileURLToPath(new URL('footprint-probe.ts', import.meta.url))}`,
}

export async function footprintOf(process: TaskbeatProcess): Promise<Footprint> {
  const { mark } = process
  process.signal('SIGUSR2')
  const said = await process.said(/^footprint$/, { mark })
  const read = (key: string): number => Number(said[key])
  return {
    descriptors: readdirSync(`/proc/${process.pid}/fd`).length,
    timers: read('timers'),
    handles: read('handles'),
    heapMib: read('heapMib'),
    residentMib: memoryMib(process.pid).resident,
  }
}

/** By how much each grew, of the process in which it grew the most. */
export function growthOf(before: readonly Footprint[], after: readonly Footprint[]): Footprint {
  const most = (key: keyof Footprint): number =>
    Math.max(...after.map((each, index) => each[key] - (before[index]?.[key] ?? Number.NaN)))
  return {
    descriptors: most('descriptors'),
    timers: most('timers'),
    handles: most('handles'),
    heapMib: most('heapMib'),
    residentMib: most('residentMib'),
  }
}
