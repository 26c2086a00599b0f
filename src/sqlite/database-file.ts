import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  statSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { TaskbeatError } from '../core/errors.ts'

/**
 * Why what is there cannot be a database; undefined = it may be one. It is not opened for that: closing it would release
 * the locks that other connections of this process have on it (fcntl(2)).
 */
export function whyNoFile(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined || stats.isFile()) return undefined
  return stats.isDirectory() ? 'is a directory' : 'is no file'
}

/** What tells a file from another in its place. It is not opened for that either. */
export function identityOf(path: string): string {
  try {
    const stats = statSync(path, { throwIfNoEntry: false })
    return stats ? `${stats.dev} ${stats.ino}` : 'none'
  } catch {
    return unknownIdentity // one who may not look may still use what is open
  }
}

export const unknownIdentity = 'unknown'

/** SQLite says that it cannot, and the kernel says why. */
export function whyNotWritten(path: string): string {
  try {
    accessSync(path, constants.W_OK)
    accessSync(dirname(path), constants.W_OK | constants.X_OK)
    return 'SQLite does not say why'
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EROFS')
      return 'it is on a filesystem that is read-only'
    return 'permission denied? It belongs to the service; members of its group may use it'
  }
}

/** Makes a file, and its directory, that its group can use, if it is not there. Throws STATE_UNUSABLE. */
export function makeShared(path: string): void {
  try {
    makeSharedDirectory(dirname(path))
    if (existsSync(path)) return
    closeSync(openSync(path, 'a', 0o660))
    chmodSync(path, 0o660)
  } catch (error) {
    throw new TaskbeatError(
      'STATE_UNUSABLE',
      `cannot make ${path}: ${error instanceof Error ? error.message : error}`,
      {
        cause: error,
      },
    )
  }
}

/** Makes a directory in which the group of its parent can read and write, if it is not there. */
export function makeSharedDirectory(path: string): void {
  if (existsSync(path)) return
  makeDirectories(path)
  try {
    chmodSync(path, 0o2770)
  } catch {
    // A service may be forbidden to set such a mode (RestrictSUIDSGID= of systemd). Then it has it from its parent.
  }
}

/** Node's own `recursive` never returns below /proc, where nothing can be made. */
function makeDirectories(path: string): void {
  const parent = dirname(path)
  if (parent !== path && !existsSync(parent)) makeDirectories(parent)
  try {
    mkdirSync(path, { mode: 0o770 })
  } catch (error) {
    // Another process has just made it; a file in its place shows when it is used.
    if (!existsSync(path)) throw error
  }
}
