import { isTask, type Task } from '../task/define-task.ts'

/** A task, and the file that exports it. */
export interface ModuleTask {
  readonly task: Task
  readonly file: string
}

export interface ModuleProblem {
  /** A file, or the pattern that matches none. */
  readonly file: string
  readonly reason: string
}

/** Gathers the tasks of modules by their names, and what is wrong with them. */
export class TaskCollection {
  readonly #tasks = new Map<string, ModuleTask>()
  readonly #problems: ModuleProblem[]

  constructor(problems: readonly ModuleProblem[]) {
    this.#problems = [...problems]
  }

  get tasks(): readonly ModuleTask[] {
    return [...this.#tasks.values()]
  }

  get problems(): readonly ModuleProblem[] {
    return this.#problems
  }

  /** Takes what a file exports. The first task of a name stays; the same task exported twice is one. */
  add(file: string, exported: readonly unknown[]): void {
    for (const task of exported.filter(isTask)) {
      const known = this.#tasks.get(task.name)
      if (!known) this.#tasks.set(task.name, { task, file })
      else if (known.task !== task) this.fail(file, `task ${task.name} is defined in ${known.file} already`)
    }
  }

  fail(file: string, reason: string): void {
    this.#problems.push({ file, reason })
  }
}
