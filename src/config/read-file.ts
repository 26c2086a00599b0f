import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

const largestBytes = 32 * 1_048_576

/** The bytes of a configuration file and its permissions, or why there are none. */
export type FileBytes =
  | { readonly bytes: Uint8Array<ArrayBuffer>; readonly mode: number }
  | { readonly problem: string }

/**
 * Reads a file that may be anything: what has no end or no beginning is refused without waiting for it (a FIFO is
 * opened without blocking and recognised by its descriptor), and nothing is looked at twice.
 */
export async function readConfigFile(path: string): Promise<FileBytes> {
  let handle: FileHandle
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
  } catch (error) {
    return { problem: explain(error) }
  }
  try {
    return await readOpen(handle)
  } catch (error) {
    return { problem: explain(error) }
  } finally {
    await handle.close()
  }
}

async function readOpen(handle: FileHandle): Promise<FileBytes> {
  const stats = await handle.stat()
  if (stats.isDirectory()) return { problem: 'expected a file, got a directory' }
  if (stats.isFIFO()) return { problem: 'expected a file, got a FIFO' }
  if (!stats.isFile()) return { problem: 'expected a file, got a device or a socket' }
  const bytes = stats.size > largestBytes ? undefined : await handle.readFile()
  // It may have grown meanwhile.
  if (!bytes || bytes.length > largestBytes) return { problem: 'the file is larger than 32 MiB' }
  return { bytes, mode: stats.mode }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file: a part of its path is not a directory',
  EACCES: 'permission denied: this user may not read it',
  EPERM: 'permission denied: this user may not read it',
  ELOOP: 'no such file: its symbolic links go in a circle',
  ENXIO: 'expected a file, got a device or a socket',
}

function explain(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'an unknown reason'
  return reasons[code] ?? `it cannot be read: ${code}`
}
