/**
 * Task modules: the files each export of which that was made by `defineTask` is a task. Cells import them, and a
 * worker's own thread only those of tasks that say `inline`.
 *
 * TypeScript is loaded as it is (Node strips the types; enums and namespaces it refuses). Inside a module, and inside
 * whatever it imports, `taskbeat` is the worker's own package, whether or not one is installed beside it.
 *
 * A module cannot be unloaded. When a file of the graph has changed since it was loaded, the whole graph is loaded
 * again as another generation (`?v=2` in stack traces), packages in node_modules and CommonJS apart; the old generation stays in
 * memory, with what it has opened, until the thread or process ends. Cells load once, and are replaced instead.
 */
import { statSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { registerHooks } from 'node:module'
import { extname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Clock } from '../core/clock.ts'
import { milliseconds } from '../core/instant.ts'
import { describeImportError } from './describe-import-error.ts'
import { type ModuleProblem, type ModuleTask, TaskCollection } from './task-collection.ts'

export interface LoadedModules {
  /** Those that match. */
  readonly files: readonly string[]
  /** How many of them could be imported. */
  readonly imported: number
  readonly tasks: readonly ModuleTask[]
  /** The tasks of other files are there all the same. */
  readonly problems: readonly ModuleProblem[]
}

export interface TaskModulesParts {
  readonly clock: Clock
  /** Told of each file before it is imported: one that blocks leaves no other chance. */
  readonly importing?: (file: string) => void
}

/** How long the top level of a module may take: one that never ends must not keep the worker from starting. */
const importLimit = milliseconds(30_000)

const ownIndex = new URL(`../index${extname(import.meta.url)}`, import.meta.url).href

export class TaskModules implements Disposable {
  readonly #clock: Clock
  readonly #importing: (file: string) => void
  /** The files that the modules consist of, with the time of their last change as it was when they were resolved. */
  readonly #graph = new Map<string, number>()
  readonly #hooks: { deregister(): void }
  #generation = 1
  /** A file that failed to load may load when another, that is not in the graph, is there. */
  #failed = false

  /** Registers resolution hooks for the whole process: one of these is enough. Dispose takes them away. */
  constructor({ clock, importing = () => {} }: TaskModulesParts) {
    this.#clock = clock
    this.#importing = importing
    this.#hooks = registerHooks({
      resolve: (specifier, context, next) => {
        if (specifier === 'taskbeat') return { url: ownIndex, shortCircuit: true }
        const resolved = next(specifier, context)
        return this.#follows(resolved.url, context.parentURL)
          ? { ...resolved, url: this.#join(resolved.url) }
          : resolved
      },
    })
  }

  /** Whether a file has changed since it was loaded. Not whether another matches now. */
  get changed(): boolean {
    return [...this.#graph].some(([file, time]) => changeTime(file) !== time)
  }

  /** The files that the modules consist of, each with the time of its last change. */
  get sources(): readonly (readonly [file: string, changed: number])[] {
    return [...this.#graph]
  }

  /** Imports every file that matches, and again when something has changed. Never rejects. */
  async load(patterns: readonly string[]): Promise<LoadedModules> {
    return this.loadFiles(await matchFiles(patterns))
  }

  /** The same with files that were matched before. */
  async loadFiles({ files, problems }: MatchedFiles): Promise<LoadedModules> {
    if (this.#failed || this.changed) {
      this.#generation++
      this.#graph.clear()
      this.#failed = false
    }
    const collected = new TaskCollection(problems)
    let imported = 0
    for (const file of files) if (await this.#import(file, collected)) imported++
    return { files, imported, tasks: collected.tasks, problems: collected.problems }
  }

  [Symbol.dispose](): void {
    this.#hooks.deregister()
  }

  async #import(file: string, collected: TaskCollection): Promise<boolean> {
    const loaded = new AbortController()
    this.#importing(file)
    const tooLong = this.#clock.sleep(importLimit, loaded.signal).then(() => undefined)
    try {
      const module: unknown = await Promise.race([import(this.#join(pathToFileURL(file).href)), tooLong])
      if (typeof module !== 'object' || module === null)
        throw new Error(`it has not come to the end of its top level within ${importLimit / 1_000} s`)
      collected.add(file, Object.values(module))
      return true
    } catch (error) {
      this.#failed = true
      collected.fail(file, describeImportError(error))
      return false
    } finally {
      loaded.abort()
    }
  }

  /** Whether a file belongs to the graph because one that does imports it. */
  #follows(url: string, parent: string | undefined): boolean {
    if (!url.startsWith('file:') || url.includes('/node_modules/')) return false
    return parent?.startsWith('file:') === true && this.#graph.has(fileURLToPath(parent))
  }

  /** The address of a file of the graph, in the present generation. */
  #join(url: string): string {
    const file = fileURLToPath(url)
    this.#graph.set(file, changeTime(file))
    return this.#generation === 1 ? url : `${url}${url.includes('?') ? '&' : '?'}v=${this.#generation}`
  }
}

/** The modification time; NaN, which equals nothing, for a file that is gone. */
export function changeTime(file: string): number {
  try {
    return statSync(file).mtimeMs
  } catch {
    return Number.NaN
  }
}

export interface MatchedFiles {
  readonly files: readonly string[]
  readonly problems: readonly ModuleProblem[]
}

/** The files that match, each once, and the patterns that match none. */
export async function matchFiles(patterns: readonly string[]): Promise<MatchedFiles> {
  const files = new Set<string>()
  const problems: ModuleProblem[] = []
  for (const pattern of patterns) {
    const matched: string[] = []
    for await (const file of glob(pattern)) matched.push(file)
    if (matched.length === 0) problems.push({ file: pattern, reason: 'no file matches' })
    for (const file of matched.sort()) files.add(file)
  }
  return { files: [...files], problems }
}
