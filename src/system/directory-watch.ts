import { type FSWatcher, readdirSync, type Stats, statSync, watch } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** An editor writes a file in several steps; what comes within this time is one change. */
const settleMs = 100

export interface DirectoryWatchParts {
  /** Whether a change of this file counts. */
  readonly counts: (path: string) => boolean
  /** Called when files that count have changed and have then kept still for a moment. */
  readonly changed: (files: ReadonlySet<string>) => void
  /** A directory that cannot be watched is left out, until others are followed. */
  readonly failed: (directory: string, error: unknown) => void
}

interface Watched {
  readonly watcher: FSWatcher
  readonly inode: number | undefined
}

/**
 * Watches for changes of files in directories (not below them), until disposed. Directories are watched rather than
 * files because many editors replace a file instead of writing into it. A build replaces directories: what is watched
 * is found out again whenever one comes or goes, and of one that is missing the nearest above it is watched meanwhile.
 */
export class DirectoryWatch implements Disposable {
  readonly #parts: DirectoryWatchParts
  readonly #watched = new Map<string, Watched>()
  readonly #failed = new Set<string>()
  readonly #touched = new Set<string>()
  #find: () => Iterable<string> = () => []
  #settling: NodeJS.Timeout | undefined

  constructor(parts: DirectoryWatchParts) {
    this.#parts = parts
  }

  /** From now on the directories that `find` gives, and no others; what has changed before is not forgotten. */
  follow(find: () => Iterable<string>): void {
    this.#find = find
    this.#failed.clear()
    this.#renew(() => {})
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#settling)
    this.follow(() => [])
  }

  /** Whatever is entered is asked for once more, since what it holds may have come before it was watched. */
  #renew(entered: (directory: string) => void): void {
    for (;;) {
      const wanted = new Set(Array.from(this.#find(), nearestThere))
      for (const [directory, { inode }] of this.#watched)
        if (!wanted.has(directory) || inodeOf(directory) !== inode) this.#leave(directory)
      const missing = [...wanted].filter((path) => !this.#watched.has(path) && !this.#failed.has(path))
      if (missing.length === 0) return
      for (const directory of missing) {
        this.#enter(directory)
        entered(directory)
      }
    }
  }

  #enter(directory: string): void {
    try {
      const inode = inodeOf(directory)
      const watcher = watch(directory, { persistent: false })
      watcher.on('change', (kind, name) => this.#noticed(directory, kind, String(name)))
      watcher.on('error', (error) => {
        this.#leave(directory)
        this.#fail(directory, error)
      })
      this.#watched.set(directory, { watcher, inode })
    } catch (error) {
      this.#fail(directory, error)
    }
  }

  #fail(directory: string, error: unknown): void {
    this.#failed.add(directory)
    this.#parts.failed(directory, error)
  }

  #leave(directory: string): void {
    this.#watched.get(directory)?.watcher.close()
    this.#watched.delete(directory)
  }

  #noticed(directory: string, kind: string, name: string): void {
    const path = join(directory, name)
    this.#touch(path)
    if (kind !== 'rename') return
    // By its own name a directory tells of its own end. Another may have taken its place, and its inode's number.
    const isItsEnd = name === basename(directory)
    if (isItsEnd) this.#leave(directory)
    if (isItsEnd || this.#watched.has(path) || isDirectory(path))
      this.#renew((entered) => this.#touchAllOf(entered))
  }

  /** It has been filled, perhaps, before it was watched. */
  #touchAllOf(directory: string): void {
    try {
      for (const name of readdirSync(directory)) this.#touch(join(directory, name))
    } catch {
      // It is gone again.
    }
  }

  #touch(path: string): void {
    const { counts, changed } = this.#parts
    if (!counts(path)) return
    this.#touched.add(path)
    clearTimeout(this.#settling)
    this.#settling = setTimeout(() => {
      const files = new Set(this.#touched)
      this.#touched.clear()
      changed(files)
    }, settleMs)
    this.#settling.unref()
  }
}

function nearestThere(path: string): string {
  const above = dirname(path)
  return above === path || isDirectory(path) ? path : nearestThere(above)
}

function isDirectory(path: string): boolean {
  return look(path)?.isDirectory() ?? false
}

function inodeOf(path: string): number | undefined {
  return look(path)?.ino
}

function look(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch {
    return undefined // there is none, or none for this user
  }
}
