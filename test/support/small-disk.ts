import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** A filesystem of a few MiB of a test's own, mounted over a directory. */
export interface SmallDisk extends Disposable {
  /** Takes all the room there is. */
  fill(): void
  /** Gives that room back. */
  clear(): void
  remount(access: 'ro' | 'rw'): void
}

/** Mounts one; undefined when this user may not mount. */
export function mountSmallDisk(directory: string, sizeMib: number): SmallDisk | undefined {
  mkdirSync(directory, { recursive: true })
  const mount = (...args: readonly string[]): void => {
    execFileSync('mount', args, { stdio: 'pipe' })
  }
  try {
    mount('-t', 'tmpfs', '-o', `size=${sizeMib}m,mode=2770`, 'taskbeat-test', directory)
  } catch {
    return undefined
  }
  const ballast = join(directory, 'ballast')
  return {
    fill: () => writeUntilFull(ballast, directory),
    clear: () => rmSync(ballast, { force: true }),
    remount: (access) => mount('-o', `remount,${access}`, directory),
    [Symbol.dispose]: () => {
      execFileSync('umount', ['-l', directory], { stdio: 'pipe' })
    },
  }
}

function writeUntilFull(path: string, directory: string): void {
  const file = openSync(path, 'a')
  try {
    for (const size of [65_536, 4_096, 1]) fillWith(file, Buffer.alloc(size))
  } finally {
    closeSync(file)
  }
  const { bavail } = statfsSync(directory)
  if (bavail > 0) throw new Error(`the disk is not full: ${bavail} blocks are left`)
}

function fillWith(file: number, chunk: Buffer): void {
  try {
    for (;;) writeSync(file, chunk)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
  }
}
