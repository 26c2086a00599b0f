import { printable } from '../config/problem.ts'
import type { PrintedPart } from '../task/printed.ts'
import { remark, type Terminal } from './terminal.ts'

export interface LiveOutputParts {
  readonly terminal: Terminal
  /** What the run is called in remarks. */
  readonly name: string
  /** Called before the first line of an attempt that is not the first. */
  readonly nextAttempt: () => void
}

/**
 * Prints what a run prints while it does, each stream to that of this process. It knows what has come and what has not:
 *
 *     nothing ──a part──▶ told ──the last part──▶ complete
 *                          ▲ │
 *                          └─┘ a part; lines that were lost before it are remarked on
 *
 * for the attempt that it heard of last; one that begins again after it was interrupted is told from its beginning.
 */
export class LiveOutput {
  readonly #parts: LiveOutputParts
  #attempt = 0
  #lines = 0
  /** Who waits for an attempt to be complete. */
  readonly #waiting = new Map<() => void, number>()
  #isComplete = false
  #hasGaps = false
  #closed = false

  constructor(parts: LiveOutputParts) {
    this.#parts = parts
  }

  take(part: PrintedPart): void {
    if (this.#closed || part.attempt < this.#attempt) return
    if (part.attempt > this.#attempt || part.from < this.#lines) this.#begin(part.attempt)
    const { name } = this.#parts
    const lost = part.from - this.#lines
    if (lost + part.omitted > 0) this.#hasGaps = true
    if (lost > 0)
      this.#remark(
        `${name}: ${count(lost)} ${lost === 1 ? 'was lost on its' : 'were lost on their'} way here`,
      )
    for (const { stream, line, cut } of part.lines) this.#print(stream, line, cut)
    if (part.omitted > 0) this.#remark(`${name}: it has printed ${count(part.omitted)} more than are told`)
    this.#lines = part.from + part.lines.length
    this.#isComplete = part.end
    for (const [resolve, attempt] of this.#waiting) if (this.isComplete(attempt)) resolve()
  }

  /** Whether something of this attempt was told; without a number, of any. */
  hasTold(attempt: number = this.#attempt): boolean {
    return attempt > 0 && attempt <= this.#attempt
  }

  /** Whether this attempt was told to its end; without a number, the last that was heard of. */
  isComplete(attempt: number = this.#attempt): boolean {
    return this.#attempt > attempt || (this.#attempt === attempt && this.#isComplete)
  }

  /** Whether nothing of this attempt is missing. */
  isWhole(attempt: number): boolean {
    return this.isComplete(attempt) && !this.#hasGaps
  }

  /** Resolves when this attempt is complete, or the signal is aborted. */
  async completed(attempt: number, signal: AbortSignal): Promise<void> {
    if (this.isComplete(attempt) || signal.aborted) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.set(resolve, attempt)
    signal.addEventListener('abort', () => resolve(), { once: true })
    await promise
    this.#waiting.delete(resolve)
  }

  /** Prints nothing any more. */
  close(): void {
    this.#closed = true
  }

  #begin(attempt: number): void {
    const before = this.#attempt
    this.#attempt = attempt
    this.#lines = 0
    this.#isComplete = false
    this.#hasGaps = false
    if (before === attempt) this.#remark(`${this.#parts.name}: attempt ${attempt} begins again`)
    else if (before > 0) this.#parts.nextAttempt()
  }

  #print(stream: 'stdout' | 'stderr', text: string, cut: boolean): void {
    // What would only move the cursor, as progress bars do, begins a line of its own.
    const line = text.split('\r').map(printable).join('\n')
    this.#parts.terminal[stream].write(cut ? line : `${line}\n`)
  }

  #remark(text: string): void {
    remark(this.#parts.terminal, text)
  }
}

function count(lines: number): string {
  return `${lines.toLocaleString('en')} line${lines === 1 ? '' : 's'}`
}
