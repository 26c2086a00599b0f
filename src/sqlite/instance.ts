import { chmodSync, closeSync, lstatSync, openSync, readdirSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { TaskbeatError } from '../core/errors.ts'
import { isUuid, newUuid } from '../core/uuid.ts'
import { isBusy, isNoDatabase } from './database.ts'
import { makeSharedDirectory } from './database-file.ts'

/**
 * A living process, as the others on this host can see it: an id, and an exclusive lock on a small file named after
 * it. The kernel releases the lock when the process ends, however it ends, at once. So there is no lease that could
 * expire while its holder lives, and no clock in the question whether it does.
 */
export interface Instance extends Disposable {
  readonly id: string
}

/**
 * Takes a new id and locks its file in `directory`. Released by dispose, or by the end of the process. Files of dead
 * instances are cleared away meanwhile. Throws STATE_UNUSABLE with the reason.
 */
export function openInstance(directory: string): Instance {
  try {
    makeSharedDirectory(directory)
    clearAway(directory)
    return lockNew(directory)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new TaskbeatError('STATE_UNUSABLE', `cannot lock a file in ${directory}: ${reason}`, {
      cause: error,
    })
  }
}

function lockNew(directory: string): Instance {
  const id = newUuid()
  const path = join(directory, `${id}${suffix}`)
  closeSync(openSync(path, 'a', 0o660))
  chmodSync(path, 0o660)
  const lock = new DatabaseSync(path)
  lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  return {
    id,
    [Symbol.dispose]: () => {
      if (!lock.isOpen) return
      lock.close()
      rmSync(path, { force: true })
    },
  }
}

/** Removes the files of those who died without removing their own. What cannot be judged or removed stays. */
function clearAway(directory: string): void {
  for (const name of readdirSync(directory)) {
    if (!name.endsWith(suffix)) continue
    try {
      const id = basename(name, suffix)
      if (isOld(join(directory, name)) && !isAlive(directory, id)) forgetInstance(directory, id)
    } catch {
      // It belongs to somebody else, or somebody else has just removed it.
    }
  }
}

/** One that is young may be about to be locked. */
function isOld(path: string): boolean {
  return lstatSync(path).mtimeMs < Date.now() - youngMs
}

const suffix = '.lock'
const youngMs = 600_000

/**
 * Whether the process that opened this instance still runs. Only a shared lock is asked for, so that several who ask
 * do not take each other for the living one. Nobody may open the file in any other way: closing it would release the
 * lock of its own process (POSIX advisory locks, fcntl(2)).
 *
 * The id comes from a table that the members of the service's group may write. What names no lock file of ours names
 * nobody who lives.
 */
export function isAlive(directory: string, id: string): boolean {
  const path = lockFile(directory, id)
  if (path === undefined || !lstatSync(path, { throwIfNoEntry: false })?.isFile()) return false
  const probe = new DatabaseSync(path, { readOnly: true, timeout: 0 })
  try {
    probe.prepare('SELECT count(*) FROM sqlite_schema').get()
    return false
  } catch (error) {
    if (isBusy(error)) return true
    // It was read, so nobody has locked it, and somebody has written into it.
    if (isNoDatabase(error)) return false
    throw error
  } finally {
    probe.close()
  }
}

/** Removes the file of an instance that is known to be dead. */
export function forgetInstance(directory: string, id: string): void {
  const path = lockFile(directory, id)
  if (path !== undefined) rmSync(path, { force: true })
}

/** Undefined for what is no id of an instance, and might be a path to anywhere. */
function lockFile(directory: string, id: string): string | undefined {
  return isUuid(id) ? join(directory, `${id}${suffix}`) : undefined
}
