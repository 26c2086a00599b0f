import { type FSWatcher, watch } from 'node:fs'
import { join } from 'node:path'

/** An editor writes a file in several steps; what comes within this time is one change. */
const settleMs = 100

export interface DirectoryWatchParts {
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
export class DirectoryWatch implements Disposable {
  readonly #parts: DirectoryWatchParts
  readonly #watchers = new Map<string, FSWatcher>()
  #settling: NodeJS.Timeout | undefined

  constructor(parts: DirectoryWatchParts) {
    this.#parts = parts
  }

  /** From now on these directories, and no others; what has changed in those that stay is not forgotten. */
  follow(directories: Iterable<string>): void {
    const wanted = new Set(directories)
    for (const directory of this.#watchers.keys()) if (!wanted.has(directory)) this.#leave(directory)
    for (const directory of wanted) if (!this.#watchers.has(directory)) this.#enter(directory)
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#settling)
    this.follow([])
  }

  #enter(directory: string): void {
    const { failed } = this.#parts
    try {
      const watcher = watch(directory, { persistent: false })
      watcher.on('change', (_kind, name) => this.#touched(join(directory, String(name))))
      watcher.on('error', (error) => failed(directory, error))
      this.#watchers.set(directory, watcher)
    } catch (error) {
      failed(directory, error)
    }
  }

  #leave(directory: string): void {
    this.#watchers.get(directory)?.close()
    this.#watchers.delete(directory)
  }

  #touched(path: string): void {
    const { counts, changed } = this.#parts
    if (!counts(path)) return
    clearTimeout(this.#settling)
    this.#settling = setTimeout(changed, settleMs)
    this.#settling.unref()
  }
}
