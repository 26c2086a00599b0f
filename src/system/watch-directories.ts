import { type FSWatcher, watch } from 'node:fs'
import { join } from 'node:path'

/** An editor writes a file in several steps; what comes within this time is one change. */
const settleMs = 100

export interface DirectoryWatch {
  readonly directories: Iterable<string>
  /** Whether a change of this file counts. */
  readonly counts: (path: string) => boolean
  /** Called when a file that counts has changed and has then kept still for a moment. */
  readonly changed: () => void
  /** A directory that cannot be watched is left out. */
  readonly failed: (directory: string, error: unknown) => void
}

/**
 * Watches for changes of files in directories (not below them), until disposed. Directories are watched rather than
 * files because many editors replace a file instead of writing into it.
 */
export function watchDirectories({ directories, counts, changed, failed }: DirectoryWatch): Disposable {
  let settling: NodeJS.Timeout | undefined
  const touched = (path: string): void => {
    if (!counts(path)) return
    clearTimeout(settling)
    settling = setTimeout(changed, settleMs)
    settling.unref()
  }
  const watchers: FSWatcher[] = []
  for (const directory of new Set(directories)) {
    try {
      const watcher = watch(directory, { persistent: false })
      watcher.on('change', (_kind, name) => touched(join(directory, String(name))))
      watcher.on('error', (error) => failed(directory, error))
      watchers.push(watcher)
    } catch (error) {
      failed(directory, error)
    }
  }
  return {
    [Symbol.dispose]: () => {
      clearTimeout(settling)
      for (const watcher of watchers) watcher.close()
    },
  }
}
