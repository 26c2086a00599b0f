interface Waiting<T> {
  tell(value: T): void
  fail(error: unknown): void
}

/** Who waits for what in this process, by its id: any number for each. */
export class Awaited<T> {
  readonly #waiting = new Map<string, Set<Waiting<T>>>()
  readonly #idle: () => void

  /** `idle` is called when nobody waits any more. */
  constructor(idle: () => void = () => {}) {
    this.#idle = idle
  }

  /** What is waited for. */
  get ids(): readonly string[] {
    return [...this.#waiting.keys()]
  }

  /** How much of it there is. */
  get size(): number {
    return this.#waiting.size
  }

  has(id: string): boolean {
    return this.#waiting.has(id)
  }

  /** Resolves with what is told of this id, and rejects with `reason` once `over` is aborted. */
  wait(id: string, over: AbortSignal, reason: () => unknown): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = (how: () => void): void => {
        over.removeEventListener('abort', onOver)
        this.#leave(id, waiting)
        how()
      }
      const onOver = (): void => waiting.fail(reason())
      const waiting: Waiting<T> = {
        tell: (value) => settle(() => resolve(value)),
        fail: (error) => settle(() => reject(error)),
      }
      const all = this.#waiting.get(id) ?? new Set()
      this.#waiting.set(id, all.add(waiting))
      over.addEventListener('abort', onOver, { once: true })
      if (over.aborted) onOver()
    })
  }

  tell(id: string, value: T): void {
    for (const waiting of [...(this.#waiting.get(id) ?? [])]) waiting.tell(value)
  }

  fail(id: string, error: unknown): void {
    for (const waiting of [...(this.#waiting.get(id) ?? [])]) waiting.fail(error)
  }

  #leave(id: string, waiting: Waiting<T>): void {
    const all = this.#waiting.get(id)
    all?.delete(waiting)
    if (all?.size === 0) this.#waiting.delete(id)
    if (this.#waiting.size === 0) this.#idle()
  }
}
