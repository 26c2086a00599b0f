import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

/** A process that forks as it is killed leaves children behind; after so many rounds it has won. */
const mostRounds = 50
const betweenRoundsMs = 10

/**
 * Kills, with SIGKILL, every process of this host whose environment has `variable` set to `value`, itself apart, and
 * waits until none is left. Resolves with how many there were.
 *
 * It reads /proc/PID/environ (proc(5)): the environment that a process was started with, if it belongs to this user.
 * Where there is no /proc, it finds nothing.
 */
export async function sweepProcesses(variable: string, value: string): Promise<number> {
  const wanted = `${variable}=${value}`
  const killed = new Set<number>()
  for (let round = 0; round < mostRounds; round++) {
    const found = await findCarriers(wanted)
    if (found.length === 0) break
    for (const pid of found) {
      killed.add(pid)
      kill(pid)
    }
    await delay(betweenRoundsMs)
  }
  return killed.size
}

async function findCarriers(wanted: string): Promise<readonly number[]> {
  const pids = (await readdir('/proc').catch(() => [])).map(Number)
  const found: number[] = []
  for (const pid of pids)
    if (Number.isInteger(pid) && pid !== process.pid && (await carries(pid, wanted))) found.push(pid)
  return found
}

async function carries(pid: number, wanted: string): Promise<boolean> {
  try {
    return (await readFile(`/proc/${pid}/environ`, 'latin1')).split('\0').includes(wanted)
  } catch {
    return false // it has just ended, or belongs to somebody else
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has just ended.
  }
}
