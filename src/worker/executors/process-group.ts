import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { longestFarewell } from '../../core/farewell.ts'
import type { Milliseconds } from '../../core/instant.ts'

/** Nobody tells when a process ends that is not one's own child, so it is looked for, less and less often. */
const shortestNapMs = 5
const longestNapMs = 100

/**
 * The processes of a command: it is started as the leader of a group, and whatever it starts belongs to the group
 * unless it takes itself out (setsid). A group's number is not given to another process while a member is left.
 */
export class ProcessGroup {
  readonly id: number

  constructor(id: number) {
    this.id = id
  }

  /** False when there is nobody left, or nobody whom this user may signal (a set-user-id program). */
  signal(signal: NodeJS.Signals | 0): boolean {
    try {
      return process.kill(-this.id, signal)
    } catch {
      return false // ESRCH, EPERM: there is nothing to be done about either
    }
  }

  /**
   * Waits until nothing is left; after `patience`, or at once when `now` is aborted, kills what is, and gives it a
   * second to disappear.
   */
  async end(patience: Milliseconds, now: AbortSignal): Promise<void> {
    if (!this.signal(0) || (await this.#isGoneWithin(patience, now))) return
    this.signal('SIGKILL')
    await this.#isGoneWithin(longestFarewell)
  }

  async #isGoneWithin(length: Milliseconds, now?: AbortSignal): Promise<boolean> {
    const end = performance.now() + length
    for (let nap = shortestNapMs; performance.now() < end && !now?.aborted; nap *= 2) {
      if (!(await this.#isAlive())) return true
      await delay(Math.min(nap, longestNapMs, Math.max(0, end - performance.now())))
    }
    return false
  }

  /** Zombies are dead, although they take signals: without an init (in a container) nobody ever reaps an orphan. */
  async #isAlive(): Promise<boolean> {
    if (!this.signal(0)) return false
    for (const name of await readdir('/proc').catch(() => []))
      if (/^\d+$/.test(name) && (await this.#hasLiving(name))) return true
    return false
  }

  async #hasLiving(pid: string): Promise<boolean> {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')
    // proc_pid_stat(5): pid (comm) state ppid pgrp …; the name may itself contain spaces and parentheses.
    const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return group === String(this.id) && state !== 'Z' && state !== 'X'
  }
}
