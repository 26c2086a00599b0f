/** Why a reload happens: a person or the machine asked for it, or a worker met a task that it does not know. */
export type ReloadReason = 'asked' | 'unknownTask'

export interface ReloadQueueParts {
  readonly reload: (reason: ReloadReason) => Promise<void>
  /** It could not be carried out. The next one is carried out all the same. */
  readonly failed: (error: unknown, reason: ReloadReason) => void
}

/**
 * The reloads of a process, one after another: two at once would let the older file, if it takes longer to read, win.
 *
 *   idle ──ask──▶ reloading ──ask──▶ reloading, one waits ──ask──▶ the same
 *
 * The one that waits reads the file after everything that was written before it was asked for, so more of them would
 * find nothing new: whoever asks meanwhile waits for the same one.
 */
export class ReloadQueue {
  readonly #parts: ReloadQueueParts
  #last: Promise<boolean> = Promise.resolve(true)
  #waiting: { readonly done: Promise<boolean>; reason: ReloadReason } | undefined

  constructor(parts: ReloadQueueParts) {
    this.#parts = parts
  }

  /** Resolves when a reload that began after this call has ended, with whether it was carried out. Never rejects. */
  ask(reason: ReloadReason): Promise<boolean> {
    if (this.#waiting) {
      if (reason === 'asked') this.#waiting.reason = reason
      return this.#waiting.done
    }
    this.#last = this.#last.then(() => this.#next())
    this.#waiting = { done: this.#last, reason }
    return this.#last
  }

  async #next(): Promise<boolean> {
    const reason = this.#waiting?.reason ?? 'asked'
    this.#waiting = undefined
    try {
      await this.#parts.reload(reason)
      return true
    } catch (error) {
      this.#parts.failed(error, reason)
      return false
    }
  }
}
