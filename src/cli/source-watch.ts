import { globSync } from 'node:fs'
import { basename, dirname, matchesGlob } from 'node:path'
import { directoryOf } from '../config/path-kind.ts'
import type { Settings } from '../config/settings.ts'
import { DirectoryWatch } from '../system/directory-watch.ts'

/** What a configuration was read from, and where the modules that it names are. */
export interface Sources extends Pick<Settings, 'file' | 'include'> {
  readonly worker: Pick<Settings['worker'], 'modules'>
}

export interface SourceWatchParts {
  /** The file, one that it includes, or a task module has changed. */
  readonly changed: (files: ReadonlySet<string>) => void
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
    const patterns = this.#patterns
    this.#watch.follow(() => [dirname(file), ...patterns.flatMap(directoriesOf)])
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]()
  }
}

/** Where something that matches is, or may come to be: the directories at each step of the pattern. */
function directoriesOf(pattern: string): readonly string[] {
  const certain = directoryOf(pattern)
  const found = [certain]
  let step = basename(pattern) === '**' ? pattern : dirname(pattern)
  for (; depth(step) > depth(certain); step = dirname(step))
    found.push(...globSync(step, { exclude: isForeign }))
  return found
}

function depth(path: string): number {
  return path.split('/').length
}

/** Thousands of directories, and nobody edits what is there. */
function isForeign(path: string): boolean {
  return basename(path) === 'node_modules'
}
