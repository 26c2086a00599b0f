import { setTimeout as delay } from 'node:timers/promises'

/** How long what was killed may take to disappear. Zombies that nobody reaps (no init in a container) count as there. */
const longestFarewellMs = 1_000

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

  /** Kills what is left and waits until it is gone, for up to a second. */
  async end(): Promise<void> {
    if (!this.signal('SIGKILL')) return
    const end = performance.now() + longestFarewellMs
    while (this.signal(0) && performance.now() < end) await delay(5)
  }
}
