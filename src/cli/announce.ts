import { join } from 'node:path'
import type { Settings } from '../config/settings.ts'
import type { Log } from '../observe/log.ts'

/** The first line of a service: by which file it runs, and where it keeps what must survive. */
export function announce(settings: Settings, log: Log, options: { readonly temporary?: string } = {}): void {
  const { file, stateDir, broker } = settings
  const removed = stateDir === options.temporary ? ', which is removed at the end' : ''
  const elsewhere = broker.path === join(stateDir, 'broker.db') ? '' : `, broker sqlite:${broker.path}`
  log.write({
    level: 'info',
    message: `configuration ${file}, state in ${stateDir}${removed}${elsewhere}`,
    fields: { file, state_dir: stateDir, broker: `sqlite:${broker.path}` },
  })
}
