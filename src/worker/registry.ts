import type { Task } from '../task/define-task.ts'
import type { TaskDefaults, TaskDefinition } from '../task/task-definition.ts'
import { withModuleOptions } from './module-options.ts'
import type { ModuleProblem, ModuleTask } from './task-collection.ts'

/** A task that this worker can run. `module` is there exactly when its action is `module`. */
export interface RegisteredTask {
  readonly definition: TaskDefinition
  readonly module?: Task
}

/** The tasks of a worker by their exact names. A Map, so that `__proto__` is a name like any other. */
export type Registry = ReadonlyMap<string, RegisteredTask>

/**
 * Puts together what the configuration defines and what the modules export. Of a module's task, what the configuration
 * says of it comes first, then what the module says, then `defaults`. Options for a task that no module exports
 * define nothing.
 */
export function createRegistry(sources: {
  readonly definitions: readonly TaskDefinition[]
  readonly modules: readonly ModuleTask[]
  readonly defaults: TaskDefaults
}): { readonly registry: Registry; readonly problems: readonly ModuleProblem[] } {
  const registry = new Map<string, RegisteredTask>()
  const options = new Map<string, TaskDefinition>()
  const problems: ModuleProblem[] = []
  for (const definition of sources.definitions) {
    if (definition.action.kind === 'module') options.set(definition.name, definition)
    else registry.set(definition.name, { definition })
  }
  for (const { task, file } of sources.modules) {
    if (registry.has(task.name)) {
      problems.push({ file, reason: `task ${task.name} is a command of the configuration already` })
      continue
    }
    const base = options.get(task.name) ?? {
      ...sources.defaults,
      name: task.name,
      action: { kind: 'module' as const },
    }
    const merged = withModuleOptions(base, task.options)
    if ('hint' in merged)
      problems.push({ file, reason: `${merged.option} of task ${task.name}: ${merged.hint}` })
    else registry.set(task.name, { definition: merged, module: task })
  }
  return { registry, problems }
}
