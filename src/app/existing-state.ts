import { statSync } from 'node:fs'
import type { Broker } from '../broker/broker.ts'
import type { Settings } from '../config/settings.ts'
import type { Journal } from '../journal/journal.ts'
import { openSqliteJournal } from '../sqlite/sqlite-journal.ts'
import type { Host } from './host.ts'
import { type BrokerPlan, type OpenBroker, openBroker } from './open-broker.ts'
import { journalPath } from './paths.ts'
import { refuseWithoutAccess } from './state-access.ts'

/**
 * The broker, for a command that sends or asks and goes. Nothing is made that is not there: throws STATE_UNUSABLE when
 * no beat or worker has run here, and when this user may not take part, with whose membership is needed.
 */
export function openExistingBroker(
  settings: BrokerPlan,
  host: Host,
  options: Pick<OpenBroker, 'background'> = {},
): Broker {
  // Who neither consumes nor leads has nothing to tell.
  return openBroker({ settings, host, create: false, emit: () => {}, ...options })
}

/** The journal of this host, to be read; see `openExistingBroker`. */
export function openExistingJournal(settings: Settings, { name, pid }: Host): Journal {
  const path = journalPath(settings)
  refuseWithoutAccess(path)
  return openSqliteJournal({ path, create: false, host: name, pid })
}

/** Whether a file is there; one that cannot be looked at is, so that opening it tells why. */
export function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined
  } catch {
    return true
  }
}
