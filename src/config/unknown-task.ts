import { didYouMean } from './did-you-mean.ts'

/** Which tasks the modules export: none when there are no modules, unknown unless somebody has looked. */
export type ModuleTasks = 'none' | 'unknown' | ReadonlySet<string>

/** Beyond this many tasks nobody looks for the one that was meant. */
const mostCandidates = 5_000

/**
 * Why a task of this name cannot be there, for a warning; undefined when it
 * is there or may be. `defined`: by the file, where `isCommand` tells whether what it has of a task can run.
 */
export function unknownTask<T>(
  name: string,
  defined: ReadonlyMap<string, T>,
  modules: ModuleTasks,
  isCommand: (task: T) => boolean,
): string | undefined {
  if (modules === 'unknown') return undefined
  const task = defined.get(name)
  if (task !== undefined) {
    if (modules !== 'none' || isCommand(task)) return undefined
    return 'this task has options alone: it has no command, and there are no worker.modules to define it'
  }
  if (modules === 'none')
    return `nobody defines a task of this name, and there are no worker.modules${hint(name, [...defined.keys()])}`
  if (modules.has(name)) return undefined
  return `neither this file nor a module defines a task of this name${hint(name, [...defined.keys(), ...modules])}`
}

/**
 * Why a task that is given options alone is of no use, for a warning; undefined when a module has it or may have it.
 */
export function unusedOptions(name: string, modules: ModuleTasks): string | undefined {
  if (typeof modules === 'string' || modules.has(name)) return undefined
  return `no module exports a task of this name, so nothing takes these options${hint(name, [...modules])}`
}

function hint(name: string, candidates: readonly string[]): string {
  return candidates.length <= mostCandidates ? didYouMean(name, candidates) : ''
}
