import type { Execution } from '../executor.ts'
import { LineSplitter } from './line-splitter.ts'

/**
 * What the log gets of one run at the most. So many lines are half of what journald takes from a unit in 30 s before it
 * drops what comes, whoever says it (journald.conf(5), RateLimitBurst=): one run cannot silence its worker.
 */
export const mostLoggedLines = 5_000
export const mostLoggedBytes = 4_194_304

const newline = 0x0a

type StreamName = 'stdout' | 'stderr'

/** Tells line by line what a run prints, up to a bound; the lines after that are counted, and told of at the end. */
export class PrintedLines {
  readonly #execution: Pick<Execution, 'message' | 'emit'>
  readonly #splitters = new Map<StreamName, LineSplitter>()
  /** Streams whose last line has no end so far, and is not told. */
  readonly #unended = new Set<StreamName>()
  #lines = 0
  #bytes = 0
  #omitted = 0

  constructor(execution: Pick<Execution, 'message' | 'emit'>) {
    this.#execution = execution
  }

  write(stream: StreamName, chunk: Buffer): void {
    if (this.#isFull) {
      this.#count(stream, chunk)
      return
    }
    const splitter =
      this.#splitters.get(stream) ?? new LineSplitter((line, cut) => this.#tell(stream, line, cut))
    this.#splitters.set(stream, splitter)
    splitter.write(chunk)
    if (!this.#isFull) return
    for (const [name, { isWithinLine }] of this.#splitters) if (isWithinLine) this.#unended.add(name)
    this.#splitters.clear()
  }

  end(): void {
    for (const splitter of this.#splitters.values()) splitter.end()
    const { message, emit } = this.#execution
    const lines = this.#omitted + this.#unended.size
    if (lines > 0) emit({ kind: 'outputOmitted', message, lines })
  }

  get #isFull(): boolean {
    return this.#lines >= mostLoggedLines || this.#bytes >= mostLoggedBytes
  }

  #tell(stream: StreamName, line: string, cut: boolean): void {
    if (this.#isFull) {
      if (!cut) this.#omitted++
      return
    }
    const { message, emit } = this.#execution
    this.#lines++
    this.#bytes += line.length
    emit({ kind: 'outputLine', message, stream, line, cut })
  }

  /** Of what nobody is told no text is made. */
  #count(stream: StreamName, chunk: Buffer): void {
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, at + 1)) this.#omitted++
    if (chunk.at(-1) === newline) this.#unended.delete(stream)
    else this.#unended.add(stream)
  }
}
