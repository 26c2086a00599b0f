import { dirname, matchesGlob } from 'node:path'
import { directoryOf } from '../config/path-kind.ts'
import type { Settings } from '../config/settings.ts'
import { DirectoryWatch } from '../system/directory-watch.ts'

/** What a configuration was read from, and where the modules that it names are. */
export interface Sources extends Pick<Settings, 'file' | 'include'> {
  readonly worker: Pick<Settings['worker'], 'modules'>
}

export interface SourceWatchParts {
  /** The file, one that it includes, or a task module has changed. */
  readonly changed: () => void
  readonly failed: (directory: string, error: unknown) => void
}

/** Notices changes of the sources that are in force. */
export class SourceWatch implements Disposable {
  readonly #watch: DirectoryWatch
  #file: string | undefined
  #patterns: readonly string[] = []

  constructor(parts: SourceWatchParts) {
    const counts = (path: string): boolean =>
      path === this.#file || this.#patterns.some((pattern) => matchesGlob(path, pattern))
    this.#watch = new DirectoryWatch({ ...parts, counts })
  }

  /** These are in force from now on. */
  follow({ file, include, worker }: Sources): void {
    this.#file = file
    this.#patterns = [...include, ...worker.modules]
    this.#watch.follow([dirname(file), ...this.#patterns.map(directoryOf)])
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]()
  }
}
