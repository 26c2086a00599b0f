import { formatDuration } from '../core/duration.ts'
import type { Milliseconds } from '../core/instant.ts'
import type { TaskDefinition } from '../task/task-definition.ts'
import type { DefaultValues } from './entry-keys.ts'
import type { Place } from './place.ts'
import { lengthOf } from './read-task.ts'
import type { Values } from './section.ts'
import type { TaskValues } from './task-keys.ts'

/** What is legal in the tasks of a file and may not be what was meant, each said once for all of them. */
export class TaskWarnings {
  readonly #grace: Milliseconds
  readonly #unlimited = new Named()
  readonly #longerThanGrace = new Named()

  constructor(grace: Milliseconds) {
    this.#grace = grace
  }

  look({ name, timeout }: TaskDefinition, at: Place): void {
    if (timeout === undefined) this.#unlimited.add(name, at)
    else if (timeout > this.#grace) this.#longerThanGrace.add(name, at)
  }

  conclude(): void {
    this.#unlimited.warn('it has no timeout, and a run that hangs is never ended')
    const grace = formatDuration(this.#grace)
    this.#longerThanGrace.warn(
      `it may run for longer than a stop waits (worker.grace is ${grace}), and is then interrupted`,
    )
  }
}

/** What is said of a task and cannot show. */
export function warnOfNoEffect(given: Values<TaskValues>, defaults: Values<DefaultValues>): void {
  if (given.command || given.shell)
    given.isolation?.at.warning('of no effect on a command, which is a process of its own')
  const softTimeout = given.soft_timeout ?? defaults.soft_timeout
  const timeout = lengthOf((given.timeout ?? defaults.timeout)?.value)
  const asked = lengthOf(softTimeout?.value)
  if (timeout !== undefined && asked !== undefined && asked >= timeout)
    (given.soft_timeout ?? given.timeout ?? softTimeout)?.at.warning(
      `no attempt is asked to end: its timeout of ${formatDuration(timeout)} is over before`,
    )
}

const mostNamed = 3

/** The first of many by its place, a few more by name, the others as a number. */
class Named {
  readonly #others: string[] = []
  #first: Place | undefined
  #count = 0

  add(name: string, at: Place): void {
    this.#count++
    if (this.#first === undefined) this.#first = at
    else if (this.#count <= mostNamed) this.#others.push(name)
  }

  warn(message: string): void {
    const more = this.#count - mostNamed
    const others = this.#others.join(', ') + (more > 0 ? ` and ${more.toLocaleString('en')} more` : '')
    this.#first?.warning(others === '' ? message : `${message}; likewise ${others}`)
  }
}
