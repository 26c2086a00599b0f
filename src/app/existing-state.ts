import { accessSync, constants, readFileSync, type Stats, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Broker } from '../broker/broker.ts'
import type { Settings } from '../config/settings.ts'
import { TaskbeatError } from '../core/errors.ts'
import type { Journal } from '../journal/journal.ts'
import { openSqliteJournal } from '../sqlite/sqlite-journal.ts'
import type { Host } from './host.ts'
import { type BrokerPlan, type OpenBroker, openBroker } from './open-broker.ts'
import { journalPath } from './paths.ts'

/**
 * The broker, for a command that sends or asks and goes. Nothing is made that is not there: throws STATE_UNUSABLE when
 * no beat or worker has run here, and when this user may not take part, with whose membership is needed.
 */
export function openExistingBroker(
  settings: BrokerPlan,
  host: Host,
  options: Pick<OpenBroker, 'background'> = {},
): Broker {
  if (settings.broker.kind === 'sqlite') refuseWithoutAccess(settings.broker.path)
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

/** SQLite cannot say more than "unable to open". That a file is missing is left for it to say. */
function refuseWithoutAccess(path: string): void {
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EACCES')
      throw new TaskbeatError('STATE_UNUSABLE', `permission denied: ${explainDenial(path)}`, { cause: error })
  }
}

function explainDenial(path: string): string {
  const { place, stats } = nearestVisible(path)
  const group = groupName(stats.gid)
  const needed = stats.isDirectory() ? constants.S_IXGRP : constants.S_IRGRP | constants.S_IWGRP
  const admitsGroup = (stats.mode & needed) === needed
  const isMember = process.getegid?.() === stats.gid || process.getgroups?.().includes(stats.gid)
  if (admitsGroup && !isMember)
    return (
      `${place} belongs to the group ${group}, of which this user is no member; ` +
      `membership is what is needed: sudo usermod -aG ${group} USER, and a new login`
    )
  return `${place} admits only its owner (mode ${(stats.mode & 0o7777).toString(8).padStart(4, '0')}, group ${group})`
}

/** The file, or the directory on the way to it that lets nobody past. */
function nearestVisible(path: string): { readonly place: string; readonly stats: Stats } {
  try {
    return { place: path, stats: statSync(path) }
  } catch {
    return nearestVisible(dirname(path))
  }
}

function groupName(gid: number): string {
  try {
    for (const line of readFileSync('/etc/group', 'utf8').split('\n')) {
      const [name, , id] = line.split(':')
      if (name && id === String(gid)) return name
    }
  } catch {
    // Groups may be kept elsewhere; the number says as much.
  }
  return String(gid)
}
