import { readdirSync, readFileSync } from 'node:fs'

/** Processor time of the threads that a process has, in milliseconds, by the scheduler's own account (proc(5), schedstat). */
export function processorMs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`)
  const nanoseconds = threads.map((thread) => {
    const [ran] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')
    return Number(ran)
  })
  return nanoseconds.reduce((sum, each) => sum + each, 0) / 1e6
}

/** The same with the threads that have ended, in steps of 10 ms (proc(5), stat: utime and stime). */
export function wholeProcessorMs(pid: number): number {
  const { utime, stime } = readStat(pid)
  return (utime + stime) * 10
}

/** What the children of this process that have ended have taken together, in steps of 10 ms (cutime and cstime). */
export function endedProcessorMs(): number {
  const { cutime, cstime } = readStat('self')
  return (cutime + cstime) * 10
}

function readStat(process: number | 'self'): Record<'utime' | 'stime' | 'cutime' | 'cstime', number> {
  const fields = readFileSync(`/proc/${process}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  const [utime = 0, stime = 0, cutime = 0, cstime = 0] = fields.slice(11, 15).map(Number)
  return { utime, stime, cutime, cstime }
}

/** Memory in MiB: `resident` counts what is shared with others in full, `proportional` by its share. */
export function memoryMib(pid: number): { readonly resident: number; readonly proportional: number } {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const read = (key: string): number =>
    Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(rollup)?.[1]) / 1_024
  return { resident: read('Rss'), proportional: read('Pss') }
}
