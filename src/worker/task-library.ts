/**
 * What tasks there are. The worker's own thread does not import the modules to know: it reads the listing of a cell,
 * and imports only the files of tasks that say `inline`.
 *
 *   listing (a fresh cell) ─▶ with the configuration: definitions ─▶ inline ones: import here ─▶ registry
 */
import type { TaskDefaults, TaskDefinition } from '../task/task-definition.ts'
import type { ModuleListing } from './module-listing.ts'
import type { QueueProblem } from './module-options.ts'
import { createRegistry, type RegisteredTask, type Registry } from './registry.ts'
import type { ModuleProblem } from './task-collection.ts'
import { changeTime, matchFiles, type TaskModules } from './task-modules.ts'

/** What is asked of a library. */
export interface Wanted {
  readonly definitions: readonly TaskDefinition[]
  readonly defaults: TaskDefaults
  /** The files of the modules, as patterns. */
  readonly patterns: readonly string[]
}

/** The tasks there are, and what was found on the way. */
export interface Stock {
  readonly registry: Registry
  readonly files: readonly string[]
  /** How many files could be imported. */
  readonly imported: number
  /** Of modules, by their names. */
  readonly tasks: readonly string[]
  readonly problems: readonly ModuleProblem[]
}

export interface TaskLibraryParts {
  /** Has a fresh cell load the files that match, and every later one. */
  readonly list: (patterns: readonly string[]) => Promise<ModuleListing | string>
  /** For what runs inline. */
  readonly modules: TaskModules
  readonly queueProblem: QueueProblem
}

export class TaskLibrary {
  readonly #parts: TaskLibraryParts
  #listing: ModuleListing | undefined

  constructor(parts: TaskLibraryParts) {
    this.#parts = parts
  }

  /** Whether loading these would find something else than it did: a file has changed, or another matches. */
  async hasNews(patterns: readonly string[]): Promise<boolean> {
    if (patterns.length === 0) return false
    const before = this.#listing
    if (!before) return true
    if (before.sources.some(([file, time]) => changeTime(file) !== time)) return true
    const { files } = await matchFiles(patterns)
    if (files.join('\0') !== before.files.join('\0')) return true
    // A file that failed to load may load when another, that was never seen, is there.
    if (before.imported === before.files.length) return false
    return describe(await this.#list(patterns)) !== describe(before)
  }

  /** Never rejects. */
  async load({ definitions, defaults, patterns }: Wanted): Promise<Stock> {
    const listing = await this.#list(patterns)
    this.#listing = listing
    const { queueProblem } = this.#parts
    const modules = listing.tasks
    const { registry, inline, problems } = createRegistry({ definitions, modules, defaults, queueProblem })
    const more = await this.#bringInline(registry, [...inline.values()])
    return {
      registry,
      files: listing.files,
      imported: listing.imported,
      tasks: listing.tasks.map(({ name }) => name).filter((name) => registry.has(name)),
      problems: [...listing.problems, ...problems, ...more],
    }
  }

  async #list(patterns: readonly string[]): Promise<ModuleListing> {
    if (patterns.length === 0) return nothing
    const listing = await this.#parts.list(patterns)
    if (typeof listing !== 'string') return listing
    return { ...nothing, problems: [{ file: patterns.join(', '), reason: `cannot be loaded: ${listing}` }] }
  }

  async #bringInline(
    registry: Map<string, RegisteredTask>,
    inline: readonly { readonly name: string; readonly file: string }[],
  ): Promise<readonly ModuleProblem[]> {
    if (inline.length === 0) return []
    const files = [...new Set(inline.map(({ file }) => file))]
    const { tasks, problems } = await this.#parts.modules.loadFiles({ files, problems: [] })
    const found = new Map(tasks.map(({ task }) => [task.name, task]))
    for (const { name } of inline) {
      const registered = registry.get(name)
      const module = found.get(name)
      if (registered && module) registry.set(name, { ...registered, module })
      else registry.delete(name)
    }
    return problems
  }
}

const nothing: ModuleListing = { files: [], imported: 0, tasks: [], problems: [], sources: [] }

function describe({ files, tasks, problems }: ModuleListing): string {
  return JSON.stringify([files, tasks.map(({ name }) => name), problems])
}
