import type { EntrySpec } from '../schedule/entry-spec.ts'

/** A schedule that is asked for, and those who wait for it. */
export interface ReloadRequest {
  readonly schedule: readonly EntrySpec[]
  done(): void
  refuse(error: unknown): void
}

/** Where reloads wait for the loop. A newer one takes the place of those before it, and answers for them too. */
export class ReloadDesk {
  #schedule: readonly EntrySpec[] | undefined
  #answer = Promise.withResolvers<void>()

  ask(schedule: readonly EntrySpec[]): Promise<void> {
    this.#schedule = schedule
    return this.#answer.promise
  }

  take(): ReloadRequest | undefined {
    const schedule = this.#schedule
    if (!schedule) return undefined
    const { resolve: done, reject: refuse } = this.#answer
    this.#schedule = undefined
    this.#answer = Promise.withResolvers()
    return { schedule, done, refuse }
  }
}
