import type { Task } from '../task/define-task.ts'
import type { TaskDefaults, TaskDefinition } from '../task/task-definition.ts'
import type { ListedTask } from './module-listing.ts'
import { type QueueProblem, withModuleOptions } from './module-options.ts'
import type { ModuleProblem } from './task-collection.ts'

/** A task that this worker can run. `module` is there exactly when it runs inline. */
export interface RegisteredTask {
  readonly definition: TaskDefinition
  readonly module?: Task
}

/** The tasks of a worker by their exact names. A Map, so that `__proto__` is a name like any other. */
export type Registry = ReadonlyMap<string, RegisteredTask>

/**
 * Puts together what the configuration defines and what the modules export. Of a module's task, what the configuration
 * says of it comes first, then what the module says, then `defaults`. Options for a task that no module exports
 * define nothing. `inline` finds the code of a task that runs inline.
 */
export function createRegistry(sources: {
  readonly definitions: readonly TaskDefinition[]
  readonly modules: readonly ListedTask[]
  readonly defaults: TaskDefaults
  readonly queueProblem: QueueProblem
}): {
  readonly registry: Map<string, RegisteredTask>
  /** Those of the tasks that run inline, of which the code is still to be found, by their names. */
  readonly inline: ReadonlyMap<string, ListedTask>
  readonly problems: readonly ModuleProblem[]
} {
  const registry = new Map<string, RegisteredTask>()
  const inline = new Map<string, ListedTask>()
  const options = new Map<string, TaskDefinition>()
  const problems: ModuleProblem[] = []
  for (const definition of sources.definitions) {
    if (definition.action.kind === 'module') options.set(definition.name, definition)
    else registry.set(definition.name, { definition })
  }
  for (const listed of sources.modules) {
    const { name, file } = listed
    if (registry.has(name)) {
      problems.push({ file, reason: `task ${name} is a command of the configuration already` })
      continue
    }
    const base = options.get(name) ?? { ...sources.defaults, name, action: { kind: 'module' as const } }
    const merged = withModuleOptions(base, listed.options, sources.queueProblem)
    if ('hint' in merged) {
      problems.push({ file, reason: `${merged.option} of task ${name}: ${merged.hint}` })
      continue
    }
    registry.set(name, { definition: merged })
    if (merged.isolation === 'inline') inline.set(name, listed)
  }
  return { registry, inline, problems }
}
