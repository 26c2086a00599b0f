import { rmSync, writeFileSync } from 'node:fs'

/**
 * Says that a service is ready, to an init system that has no other ear: the file is there while it is. Dispose takes
 * it away. Nothing is done without a path.
 */
export function openReadyFile(path: string | undefined): Disposable {
  if (path) writeFileSync(path, '')
  return {
    [Symbol.dispose]: () => {
      if (path) rmSync(path, { force: true })
    },
  }
}
