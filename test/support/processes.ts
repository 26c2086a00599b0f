import { readdirSync, readFileSync } from 'node:fs'

/** The processes of this host that carry this run's id in their environment. */
export function processesOfRun(id: string): readonly number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && environmentOf(pid).includes(`TASKBEAT_ID=${id}`))
}

function environmentOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0')
  } catch {
    return []
  }
}
