import { formatDuration } from '../core/duration.ts'
import type { Milliseconds } from '../core/instant.ts'
import type { TaskDefinition } from '../task/task-definition.ts'
import type { Place } from './place.ts'

const mostNamed = 3

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
    else if (timeout > this.#grace) this.#longerThanGrace.add(`${name} (${formatDuration(timeout)})`, at)
  }

  conclude(): void {
    this.#unlimited.warn((names) => `no timeout: a run that hangs is never ended: ${names}`)
    const grace = formatDuration(this.#grace)
    this.#longerThanGrace.warn(
      (names) =>
        `may run longer than a stop waits, worker.grace of ${grace}, and is then interrupted: ${names}`,
    )
  }
}

/** The first few of many by name, the others as a number. */
class Named {
  readonly #names: string[] = []
  #first: Place | undefined
  #count = 0

  add(name: string, at: Place): void {
    this.#first ??= at
    this.#count++
    if (this.#names.length < mostNamed) this.#names.push(name)
  }

  warn(message: (names: string) => string): void {
    const more = this.#count - this.#names.length
    const names = this.#names.join(', ') + (more > 0 ? ` and ${more.toLocaleString('en')} more` : '')
    this.#first?.warning(message(names))
  }
}
