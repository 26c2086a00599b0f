import { accessSync, constants, readFileSync, type Stats, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { TaskbeatError } from '../core/errors.ts'

/**
 * Throws STATE_UNUSABLE when this user may not take part, with whose membership is needed: SQLite cannot say more than
 * "unable to open". That a file is missing is left for it to say.
 */
export function refuseWithoutAccess(path: string): void {
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
  const mode = (stats.mode & 0o7777).toString(8).padStart(4, '0')
  // Membership in the group of root is nothing to recommend.
  if (stats.gid === 0 && admitsGroup)
    return `${place} is kept for root (mode ${mode}, group ${group}); run this as root, or as the user who owns it`
  if (admitsGroup && !isMember)
    return (
      `${place} belongs to the group ${group}, of which this user is no member; ` +
      `membership is what is needed: sudo usermod -aG ${group} USER, and a new login`
    )
  return `${place} admits only its owner (mode ${mode}, group ${group})`
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
