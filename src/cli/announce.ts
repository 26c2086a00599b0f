import { join } from 'node:path'
import { describeBroker } from '../app/open-broker.ts'
import type { Settings } from '../config/settings.ts'
import type { Log } from '../observe/log.ts'

/** The first line of a service: by which file it runs, and where it keeps what must survive. */
export function announce(settings: Settings, log: Log, options: { readonly temporary?: string } = {}): void {
  const { file, stateDir, broker } = settings
  const removed = stateDir === options.temporary ? ', which is removed at the end' : ''
  const place = describeBroker(broker)
  const elsewhere = place === join(stateDir, 'broker.db') ? '' : `, broker ${place}`
  log.write({
    level: 'info',
    message: `configuration ${file}, state in ${stateDir}${removed}${elsewhere}`,
    fields: { file, state_dir: stateDir, broker: place },
  })
}
