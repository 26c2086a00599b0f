import { milliseconds } from '../../src/core/instant.ts'
import type { Task } from '../../src/task/define-task.ts'
import { noRetry } from '../../src/task/retry-policy.ts'
import type { TaskDefaults, TaskDefinition } from '../../src/task/task-definition.ts'
import type { RegisteredTask, Registry } from '../../src/worker/registry.ts'

export const taskDefaults: TaskDefaults = {
  env: {},
  cwd: '/',
  killAfter: milliseconds(10_000),
  retry: noRetry,
  outputLimitBytes: 65_536,
  isolation: 'thread',
}

/** A task that is a shell script. */
export function aScript(script: string, change: Partial<TaskDefinition> = {}): RegisteredTask {
  return { definition: { ...taskDefaults, name: 'demo', action: { kind: 'shell', script }, ...change } }
}

/** A task that is a program with its arguments. */
export function aCommand(argv: readonly string[], change: Partial<TaskDefinition> = {}): RegisteredTask {
  return { definition: { ...taskDefaults, name: 'demo', action: { kind: 'command', argv }, ...change } }
}

/** A task of a module that runs inline, as the worker knows it. */
export function aModuleTask<Args extends readonly unknown[]>(
  task: Task<Args, unknown>,
  change: Partial<TaskDefinition> = {},
): RegisteredTask {
  const action = { kind: 'module' } as const
  // As a registry holds it: whatever the handler takes.
  const module = task as unknown as Task
  return { definition: { ...taskDefaults, name: task.name, action, isolation: 'inline', ...change }, module }
}

export function registryOf(...tasks: readonly RegisteredTask[]): Registry {
  return new Map(tasks.map((task) => [task.definition.name, task]))
}
