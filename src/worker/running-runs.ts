import type { TaskMessage } from '../task/task-message.ts'

/** A run that is under way, with its own way to be ended. */
export interface RunUnderWay {
  readonly message: TaskMessage
  /** Aborted when its sender wants it no more; the reason is text. */
  readonly cancelled: AbortSignal
}

/** What is under way in this worker, so that a single run can be told to end. */
export class RunningRuns {
  readonly #runs = new Map<TaskMessage, AbortController>()
  readonly #executing = new Set<TaskMessage>()

  /** What executes at this moment. */
  get executing(): readonly TaskMessage[] {
    return [...this.#executing]
  }

  enter(message: TaskMessage): RunUnderWay {
    const controller = new AbortController()
    this.#runs.set(message, controller)
    return { message, cancelled: controller.signal }
  }

  leave(message: TaskMessage): void {
    this.#runs.delete(message)
  }

  async execute<T>(message: TaskMessage, run: () => Promise<T>): Promise<T> {
    this.#executing.add(message)
    try {
      return await run()
    } finally {
      this.#executing.delete(message)
    }
  }

  /** False when there is none of this id. */
  abort(id: string, reason: string): boolean {
    let found = false
    for (const [message, controller] of this.#runs) {
      if (message.id !== id) continue
      found = true
      controller.abort(reason)
    }
    return found
  }
}
