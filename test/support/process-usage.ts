import { readdirSync, readFileSync } from 'node:fs'

/** Processor time of a process since it began, in milliseconds, by the scheduler's own account (proc(5), schedstat). */
export function processorMs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`)
  const nanoseconds = threads.map((thread) => {
    const [ran] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')
    return Number(ran)
  })
  return nanoseconds.reduce((sum, each) => sum + each, 0) / 1e6
}

/** Memory in MiB: `resident` counts what is shared with others in full, `proportional` by its share. */
export function memoryMib(pid: number): { readonly resident: number; readonly proportional: number } {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const read = (key: string): number =>
    Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(rollup)?.[1]) / 1_024
  return { resident: read('Rss'), proportional: read('Pss') }
}
