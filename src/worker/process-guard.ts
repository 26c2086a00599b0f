/**
 * Sees to it that the processes of a run do not outlive what the worker wants of them, even if the worker is killed.
 *
 * A run is announced before its first process is there, because a worker may die between two instructions: from then
 * on whatever carries the run's id in its environment (TASKBEAT_ID) dies with the worker.
 */
export interface ProcessGuard {
  /** From now on processes of this run may exist. */
  announce(id: string): GuardedRun
  /**
   * Kills, with SIGKILL, every process of this host that carries the id in its environment, and waits until they are
   * gone. Resolves with how many there were.
   */
  sweep(id: string): Promise<number>
}

/** A run under guard, until `ended` is called. */
export interface GuardedRun {
  /** Its process group is known: this one dies with the worker too, whatever its environment says by then. */
  spawned(group: number): void
  /** It has ended, and what is left of it may live on. Harmless twice. */
  ended(): void
}
