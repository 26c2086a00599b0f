/** Types only: what the compiler knows of a call by the task, or by the name of a task in a module. */
import type { Task } from './define-task.ts'
import type { SendOptions } from './run.ts'

/** Any task, for the use as a bound. */
export type AnyTask = Task<readonly never[], unknown>

export type ArgsOf<T> = T extends Task<infer Args, unknown> ? Args : never
export type ResultOf<T> = T extends Task<readonly never[], infer Result> ? Awaited<Result> : unknown

/** The names of the tasks that a module exports; any text where nothing is known of the module. */
export type NameOf<Module> = unknown extends Module ? string : keyof TasksOf<Module> & string

/** A task that can be sent: itself, or its name. */
export type Callable<Module> = AnyTask | NameOf<Module>

/** The task that is meant; undefined where nothing is known of it. */
export type Meant<Module, T> = T extends AnyTask
  ? T
  : unknown extends Module
    ? undefined
    : T extends keyof TasksOf<Module>
      ? TasksOf<Module>[T]
      : never

type TasksOf<Module> = {
  [Key in keyof Module as Module[Key] extends Task<readonly never[], unknown, infer Name>
    ? Name
    : never]: Module[Key]
}

type Positional = { readonly kwargs?: never }
type Named = { readonly kwargs?: Readonly<Record<string, unknown>> }

/** What follows the task in `send`: its arguments, of which the last may stand under `kwargs` instead, and options. */
export type Parameters<T> = T extends AnyTask
  ? OfArgs<ArgsOf<T>>
  : [args?: readonly unknown[], options?: SendOptions & Named]

type OfArgs<Args extends readonly unknown[]> = [] extends Args
  ? [args?: Readonly<Args>, options?: SendOptions & Positional] | WithKwargs<Args>
  : [args: Readonly<Args>, options?: SendOptions & Positional] | WithKwargs<Args>

type WithKwargs<Args extends readonly unknown[]> = Args extends readonly []
  ? never
  : Args extends readonly [...infer Leading, infer Last]
    ? ByName<Leading, Last>
    : Args extends readonly [...infer Leading, (infer Last)?]
      ? ByName<Leading, Exclude<Last, undefined>>
      : never

type ByName<Leading extends readonly unknown[], Last> = [
  args: Readonly<Leading>,
  options: SendOptions & { readonly kwargs: Last },
]

/** One call of a batch. */
export type Call<Module, T> = { readonly task: T } & CallOf<Meant<Module, T>>

type CallOf<T> = T extends AnyTask
  ? ArgsField<ArgsOf<T>> & SendOptions
  : { readonly args?: readonly unknown[] } & Named & SendOptions

type ArgsField<Args extends readonly unknown[]> = [] extends Args
  ? { readonly args?: Readonly<Args> }
  : { readonly args: Readonly<Args> }
