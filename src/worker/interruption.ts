/**
 * Says that something is to end, and why, as an AbortSignal does; any of these is one. A signal is an event target, and
 * to make one and listen to it is more than a tenth of what a task costs that does nothing.
 */
export interface Interruption {
  readonly aborted: boolean
  readonly reason: unknown
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** One that whoever made it may bring about, once. */
export class Interrupter implements Interruption {
  aborted = false
  reason: unknown
  #listeners: (() => void)[] = []

  abort(reason: string): void {
    if (this.aborted) return
    this.aborted = true
    this.reason = reason
    for (const listener of this.#listeners.splice(0)) listener()
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.push(listener)
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners = this.#listeners.filter((each) => each !== listener)
  }
}
