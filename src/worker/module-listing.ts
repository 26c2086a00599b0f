import type { TaskOptions } from '../task/define-task.ts'
import type { ModuleProblem } from './task-collection.ts'

/** A task as a module exports it, without its code. */
export interface ListedTask {
  readonly name: string
  readonly file: string
  readonly options: TaskOptions
}

/** What loading the modules has brought to light: plain data, that travels. */
export interface ModuleListing {
  /** Those that match. */
  readonly files: readonly string[]
  /** How many of them could be imported. */
  readonly imported: number
  readonly tasks: readonly ListedTask[]
  /** The tasks of other files are there all the same. */
  readonly problems: readonly ModuleProblem[]
  /** The files that the modules consist of, each with the time of its last change. */
  readonly sources: readonly (readonly [file: string, changed: number])[]
}
