import { Awaited } from '../core/awaited.ts'
import type { RunResult } from '../task/run-result.ts'

/** So many results that nobody has waited for yet are kept, and so much of them; others can be asked for. */
const most = { results: 10_000, bytes: 16 * 1_048_576 } as const

/** Who waits for which result in this process, and what came before anybody did. */
export class WaitingRuns {
  readonly #waiting = new Awaited<RunResult>()
  readonly #early = new Map<string, { readonly result: RunResult; readonly bytes: number }>()
  #bytes = 0

  /** The runs that are waited for. */
  get ids(): readonly string[] {
    return this.#waiting.ids
  }

  /** Whether it has come before anybody waited, and is still here. */
  early(id: string): RunResult | undefined {
    return this.#early.get(id)?.result
  }

  /** Rejects with what `over` says of itself once that is aborted. */
  wait(id: string, over: AbortSignal, reason: () => unknown): Promise<RunResult> {
    const early = this.early(id)
    return early ? Promise.resolve(early) : this.#waiting.wait(id, over, reason)
  }

  /** A result that came, once or again. */
  tell(id: string, result: RunResult): void {
    this.#waiting.tell(id, result)
    this.#keep(id, result)
  }

  /** For whoever waits a second time, or only after it has come. */
  #keep(id: string, result: RunResult): void {
    const before = this.#early.get(id)
    if (before) this.#forget(id, before.bytes)
    const bytes = JSON.stringify(result).length
    this.#early.set(id, { result, bytes })
    this.#bytes += bytes
    for (const [oldest, kept] of this.#early) {
      if (this.#early.size <= most.results && this.#bytes <= most.bytes) break
      this.#forget(oldest, kept.bytes)
    }
  }

  #forget(id: string, bytes: number): void {
    this.#early.delete(id)
    this.#bytes -= bytes
  }
}
