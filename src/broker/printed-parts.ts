import type { PrintedLine, PrintedPart } from '../task/printed.ts'
import type { Listener } from './delivery.ts'

/** What waits to be told of one attempt; what comes on top of it is counted. */
const mostWaiting = 4_194_304
/** Of one part, so that a broker takes it in one piece. */
const mostOfPart = 131_072

interface Part {
  readonly from: number
  readonly lines: PrintedLine[]
  bytes: number
  omitted: number
}

/**
 * Makes parts of what an attempt prints, for an adapter that takes them as it can tell them. It never waits, and what
 * it holds is bounded.
 */
export class PrintedParts implements Listener {
  readonly #attempt: number
  readonly #changed: () => void
  #waiting: Part[] = []
  #bytes = 0
  #lines = 0
  #ended = false

  /** `changed` is called when there is something to take. */
  constructor(attempt: number, changed: () => void) {
    this.#attempt = attempt
    this.#changed = changed
  }

  /** What it holds, about. */
  get bytes(): number {
    return this.#bytes
  }

  line(line: PrintedLine): void {
    if (this.#bytes >= mostWaiting) {
      if (!line.cut) this.omitted(1)
      return
    }
    const bytes = line.line.length + 64
    const part = this.#last((last) => last.omitted === 0 && last.bytes + bytes <= mostOfPart)
    part.lines.push(line)
    part.bytes += bytes
    this.#bytes += bytes
    this.#lines++
    this.#changed()
  }

  omitted(lines: number): void {
    this.#last(() => true).omitted += lines
    this.#changed()
  }

  ended(): void {
    this.#ended = true
    this.#last(() => true)
    this.#changed()
  }

  /** The next part that is to be told; undefined = there is nothing. */
  take(): PrintedPart | undefined {
    const part = this.#waiting.shift()
    if (!part) return undefined
    this.#bytes -= part.bytes
    const { from, lines, omitted } = part
    return { attempt: this.#attempt, from, lines, omitted, end: this.#ended && this.#waiting.length === 0 }
  }

  /** All of them. */
  takeAll(): readonly PrintedPart[] {
    const parts: PrintedPart[] = []
    for (let part = this.take(); part; part = this.take()) parts.push(part)
    return parts
  }

  /** The last that waits if it will do, otherwise a new one. */
  #last(willDo: (part: Part) => boolean): Part {
    const last = this.#waiting.at(-1)
    if (last && willDo(last)) return last
    const part = { from: this.#lines, lines: [], bytes: 0, omitted: 0 }
    this.#waiting.push(part)
    return part
  }
}
