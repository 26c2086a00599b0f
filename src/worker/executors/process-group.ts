import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { type Milliseconds, milliseconds } from '../../core/instant.ts'

/** How long what was killed may take to disappear; what the kernel does not let go of in that time is left to it. */
const longestFarewell = milliseconds(1_000)

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
   * Kills what is left, once `patience` has passed, and waits until it is gone, for up to a second. Resolves early when
   * nothing is left.
   */
  async end(patience: Milliseconds): Promise<void> {
    if (!this.signal(0) || (await this.#isGoneWithin(patience))) return
    this.signal('SIGKILL')
    await this.#isGoneWithin(longestFarewell)
  }

  async #isGoneWithin(length: Milliseconds): Promise<boolean> {
    const end = performance.now() + length
    while (performance.now() < end) {
      if (!(await this.#isAlive())) return true
      await delay(5)
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
