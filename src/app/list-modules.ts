import type { Settings } from '../config/settings.ts'
import { systemClock } from '../core/clock.ts'
import { cellEnvironment } from '../worker/cells/cell-environment.ts'
import { Cells } from '../worker/cells/cells.ts'
import type { ModuleListing } from '../worker/module-listing.ts'
import type { ProcessGuard } from '../worker/process-guard.ts'
import type { Host } from './host.ts'

/** What is listed starts no runs, so there is nothing to guard. */
const noGuard: ProcessGuard = {
  announce: () => ({ environment: {}, spawned: () => {}, ended: () => {} }),
  sweep: async () => 0,
}

/**
 * What the modules export, as a worker would find it: they are imported, in a thread that ends then. Text = why not.
 */
export async function listModules({ worker }: Settings, host: Host): Promise<ModuleListing | string> {
  const cells = new Cells({
    clock: systemClock,
    guard: noGuard,
    environment: cellEnvironment(host.env),
    emit: () => {}, // what a module prints is not what was asked
    exhausted: () => {},
  })
  try {
    cells.renew({ patterns: worker.modules, heapBytes: worker.heapBytes, recycle: worker.recycle })
    return await cells.list()
  } finally {
    await cells.close()
  }
}
