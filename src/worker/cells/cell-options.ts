import type { ProcessGuard } from '../process-guard.ts'

/** What every cell of a worker is opened with. */
export interface CellOptions {
  readonly guard: ProcessGuard
  /** What the code in it finds in its environment: nothing there is a secret of the worker's. */
  readonly environment: Readonly<Record<string, string>>
}
