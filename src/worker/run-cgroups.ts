/**
 * Where each run has a cgroup of its own, that nothing can leave by forking, by setsid(2) or by another environment:
 * whatever is left of the run is found and killed there. Elsewhere there is none, and the process group and the guard
 * find what they can.
 */
import type { Milliseconds } from '../core/instant.ts'
import type { CommandLine } from './executors/spawn-command.ts'

export interface CommandWithEnvironment extends CommandLine {
  readonly env: Readonly<Record<string, string>>
}

export interface RunCgroups {
  /** Makes one, empty; undefined when that is not possible now, which is told of. */
  open(): Promise<RunCgroup | undefined>
  /** The same, for who opens one seldom: it may halt the loop until the kernel has done with the cgroups of others. */
  openNow(): RunCgroup | undefined
}

/** To be ended, whether or not anything has run in it. */
export interface RunCgroup {
  /** What enters it and then becomes this command, as the same process. */
  enter(command: CommandWithEnvironment): CommandWithEnvironment
  /** For when it has run: tells, with the run's id, of one that has not come to be inside. */
  tellOutside(run?: string): void
  /**
   * Waits until nothing is left; after `patience`, or at once when `now` is aborted, kills what is, and gives it a
   * second to disappear. The cgroup is gone then, or goes when the kernel has let go of what is in it.
   */
  end(patience: Milliseconds, now?: AbortSignal): Promise<void>
}
