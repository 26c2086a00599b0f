import { isUtf8 } from 'node:buffer'
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { TextDecoder } from 'node:util'

const largestBytes = 32 * 1_048_576

/** The text of a configuration file and who may write it, or why there is none. */
export type FileText = { readonly text: string; readonly mode: number } | { readonly problem: string }

/**
 * Reads a file that may be anything: what has no end or no beginning is refused without waiting for it (a FIFO is
 * opened without blocking and recognised by its descriptor), and nothing is looked at twice.
 */
export async function readConfigText(path: string): Promise<FileText> {
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

async function readOpen(handle: FileHandle): Promise<FileText> {
  const stats = await handle.stat()
  if (stats.isDirectory()) return { problem: 'expected a file, got a directory' }
  if (stats.isFIFO()) return { problem: 'expected a file, got a FIFO' }
  if (!stats.isFile()) return { problem: 'expected a file, got a device or a socket' }
  if (stats.size > largestBytes) return { problem: tooLarge }
  const bytes = await handle.readFile()
  if (bytes.length > largestBytes) return { problem: tooLarge }
  return decode(bytes, stats.mode)
}

const tooLarge = 'the file is larger than 32 MiB'

function decode(bytes: Buffer, mode: number): FileText {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    const offset = firstInvalidByte(bytes)
    const line = bytes.subarray(0, offset).filter((byte) => byte === 0x0a).length + 1
    return { problem: `the file is not UTF-8: byte ${offset + 1}, on line ${line}` }
  }
  return { text, mode }
}

/** Where the first character begins that is none, found by halving: a prefix may end within a character. */
function firstInvalidByte(bytes: Buffer): number {
  let valid = 0
  let invalid = bytes.length + 1
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >> 1
    if (isPrefixOfUtf8(bytes.subarray(0, middle))) valid = middle
    else invalid = middle
  }
  while (!isUtf8(bytes.subarray(0, valid))) valid--
  return valid
}

function isPrefixOfUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true })
    return true
  } catch {
    return false
  }
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
