/**
 * How many runs may execute at once. The broker hands out no more than that, but while one consumer follows another
 * (a reload) it may look like twice as many.
 */
export class Slots {
  #size: number
  #taken = 0
  readonly #waiting = new Set<() => void>()

  constructor(size: number) {
    this.#size = size
  }

  resize(size: number): void {
    this.#size = size
    this.#wake()
  }

  /** Resolves with true once there is room, and with false when the signal is aborted before. */
  async take(signal: AbortSignal): Promise<boolean> {
    while (!this.takeNow(signal)) {
      if (signal.aborted) return false
      await this.#change(signal)
    }
    return true
  }

  /** Whether there was room at once. */
  takeNow(signal: AbortSignal): boolean {
    if (signal.aborted || this.#taken >= this.#size) return false
    this.#taken++
    return true
  }

  free(): void {
    this.#taken--
    this.#wake()
  }

  async #change(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const wake = (): void => resolve()
    this.#waiting.add(wake)
    signal.addEventListener('abort', wake)
    await promise
    this.#waiting.delete(wake)
    signal.removeEventListener('abort', wake)
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
  }
}
