import { type AnyValues, type DefaultValues, entryKeys } from './entry-keys.ts'
import type { Place } from './place.ts'
import { refuseTwoActions, type WrittenTask } from './read-task.ts'
import { isGiven, type Values } from './section.ts'
import type { Surroundings } from './surroundings.ts'

/** What an entry calls. */
export interface Call {
  readonly name: string
  /** Defined by the entry itself. */
  readonly own: boolean
}

/** The task of an entry: one that it names, or one that it defines itself. */
export function readCall(
  name: string,
  at: Place,
  given: Values<AnyValues>,
  around: Surroundings,
): Call | undefined {
  const inPlace = (['command', 'shell'] as const).find((key) => isGiven(at, key))
  if (isGiven(at, 'task')) {
    refuseTaskKeys(given, around.tasks)
    return given.task && { name: given.task.value, own: false }
  }
  if (!inPlace && isGiven(at, '<<')) return undefined // refused where it is read
  if (!inPlace) return at.problem('what does it run? one of task, command and shell is missing')
  refuseTwoActions(given)
  const other = around.tasks.get(name)
  if (other)
    return at.problem(
      `${inPlace} defines a task of this name, and tasks.${name} ${other.at.seenFrom(at)} does too`,
    )
  return { name, own: true }
}

/** With `task:`, what concerns the task is said where the task is. */
function refuseTaskKeys(given: Values<AnyValues>, tasks: ReadonlyMap<string, WrittenTask>): void {
  for (const [key, value] of Object.entries(given)) {
    if (Object.hasOwn(entryKeys.keys, key)) continue
    const name = given.task?.value
    const task = name === undefined ? undefined : tasks.get(name)
    const where = task ? `tasks.${name} ${task.at.seenFrom(value.at)}` : `tasks.${name ?? 'NAME'}`
    value.at.problem(`a key of the task, which this entry only calls; write it under ${where}`)
  }
}

/** A command that reads nothing from its input is sent no arguments. */
export function refuseUnreadArguments(
  given: Values<AnyValues>,
  task: WrittenTask | undefined,
  defaults: Values<DefaultValues>,
): void {
  if (!task || !(task.given.command || task.given.shell) || task.given.stdin || defaults.stdin) return
  for (const argument of [given.args, given.kwargs])
    if (argument && Object.keys(argument.value).length > 0)
      argument.at.problem(
        `the command of ${task.name} does not read them; write stdin: json beside it, or put them into the command`,
      )
}
