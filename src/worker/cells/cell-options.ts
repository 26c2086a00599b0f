import type { ProcessGuard } from '../process-guard.ts'
import type { RunCgroups } from '../run-cgroups.ts'

/** What every cell of a worker is opened with. */
export interface CellOptions {
  readonly guard: ProcessGuard
  /** Where there are some, each process has one; threads are the worker's. */
  readonly cgroups?: RunCgroups | undefined
  /** What the code in it finds in its environment: nothing there is a secret of the worker's. */
  readonly environment: Readonly<Record<string, string>>
}
