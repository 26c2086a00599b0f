import type { Clock } from '../../core/clock.ts'
import { type Milliseconds, milliseconds } from '../../core/instant.ts'
import type { Execution } from '../executor.ts'
import { LineSplitter } from './line-splitter.ts'

/**
 * What the log gets of one run in so long at the most. So many lines are half of what journald takes from a unit in that
 * time before it drops what comes, whoever says it (journald.conf(5), RateLimitBurst=): one run cannot silence its worker.
 */
export const mostLoggedLines = 5_000
export const mostLoggedBytes = 4_194_304
export const windowMs: Milliseconds = milliseconds(30_000)

const newline = 0x0a

type StreamName = 'stdout' | 'stderr'

/**
 * Tells line by line what a run prints, up to a bound; the lines after that are counted. How many they were is told
 * before the next that the log gets, once the time of the bound is over, or at the end.
 */
export class PrintedLines {
  readonly #execution: Pick<Execution, 'message' | 'emit'>
  readonly #clock: Clock
  readonly #splitters = new Map<StreamName, LineSplitter>()
  /** Streams within a line that was left out: its end is still to come. */
  readonly #unended = new Set<StreamName>()
  #since: number
  #lines = 0
  #bytes = 0
  /** Lines that were left out, also those without an end so far. */
  #omitted = 0

  constructor(execution: Pick<Execution, 'message' | 'emit'>, clock: Clock) {
    this.#execution = execution
    this.#clock = clock
    this.#since = clock.monotonic()
  }

  write(stream: StreamName, chunk: Buffer): void {
    if (this.#isFull) this.#begin()
    if (this.#isFull) this.#leaveOut(stream, chunk)
    else this.#pass(stream, this.#unended.has(stream) ? this.#afterUnended(stream, chunk) : chunk)
  }

  end(): void {
    for (const splitter of this.#splitters.values()) splitter.end()
    this.#tellOmitted()
  }

  get #isFull(): boolean {
    return this.#lines >= mostLoggedLines || this.#bytes >= mostLoggedBytes
  }

  /** Anew, when the time is over in which there was too much. */
  #begin(): void {
    const now = this.#clock.monotonic()
    if (now - this.#since < windowMs) return
    this.#since = now
    this.#lines = 0
    this.#bytes = 0
    this.#tellOmitted()
  }

  #tellOmitted(): void {
    const { message, emit } = this.#execution
    if (this.#omitted > 0) emit({ kind: 'outputOmitted', message, lines: this.#omitted })
    this.#omitted = 0
  }

  #pass(stream: StreamName, chunk: Buffer): void {
    const splitter =
      this.#splitters.get(stream) ?? new LineSplitter((line, cut) => this.#tell(stream, line, cut))
    this.#splitters.set(stream, splitter)
    splitter.write(chunk)
    if (!this.#isFull) return
    for (const [name, { isWithinLine }] of this.#splitters) if (isWithinLine) this.#omitFrom(name)
    this.#splitters.clear()
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
  #leaveOut(stream: StreamName, chunk: Buffer): void {
    const rest = this.#unended.has(stream) ? this.#afterUnended(stream, chunk) : chunk
    for (let at = rest.indexOf(newline); at >= 0; at = rest.indexOf(newline, at + 1)) this.#omitted++
    if (rest.length > 0 && rest.at(-1) !== newline) this.#omitFrom(stream)
  }

  #omitFrom(stream: StreamName): void {
    this.#omitted++
    this.#unended.add(stream)
  }

  /** What follows the line whose beginning was left out; it is counted. */
  #afterUnended(stream: StreamName, chunk: Buffer): Buffer {
    const end = chunk.indexOf(newline)
    if (end < 0) return chunk.subarray(chunk.length)
    this.#unended.delete(stream)
    return chunk.subarray(end + 1)
  }
}
