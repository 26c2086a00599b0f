/**
 * Sees to it that the processes of a run do not outlive what the worker wants of them, even if the worker is killed.
 *
 * A run is announced before its first process is there, because a worker may die between two instructions: from then
 * on whatever carries the announcement's mark in its environment dies with the worker. The mark is not the run's id:
 * that is the same for the worker that takes the run over, whose processes must not be taken for the dead one's.
 */
export interface ProcessGuard {
  /** From now on processes of a run may exist. */
  announce(): GuardedRun
  /**
   * Kills, with SIGKILL, every process of this host that carries this message id in its environment, and waits until
   * they are gone. Resolves with how many there were.
   */
  sweep(id: string): Promise<number>
}

/** A run under guard, until `ended` is called. */
export interface GuardedRun {
  /** What its processes have to have in their environment. */
  readonly environment: Readonly<Record<string, string>>
  /** Its process group is known: this one dies with the worker too, whatever its environment says by then. */
  spawned(group: number): void
  /** It has ended, and what is left of it may live on. Harmless twice. */
  ended(): void
}
