import { wholeCharacters } from './utf8.ts'

/** The longest line that is passed on in one piece. */
export const longestLineBytes = 16_384

const newline = 0x0a
const carriageReturn = 0x0d
const nothing: Buffer = Buffer.alloc(0)

/**
 * Makes lines of the bytes that a process prints. It works on bytes until a line is whole, so that a character that
 * arrives in two pieces stays one; what is not UTF-8 becomes U+FFFD. It never holds more than one line, and a line
 * longer than `longestLineBytes` is passed on in pieces, all but the last marked as cut.
 */
export class LineSplitter {
  readonly #onLine: (line: string, cut: boolean) => void
  #rest = nothing

  constructor(onLine: (line: string, cut: boolean) => void) {
    this.#onLine = onLine
  }

  /** Whether something of a line has come, and its end has not. */
  get isWithinLine(): boolean {
    return this.#rest.length > 0
  }

  write(chunk: Buffer): void {
    let from = 0
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, from)) {
      this.#take(chunk.subarray(from, end))
      this.#passOn(this.#rest, false)
      this.#rest = nothing
      from = end + 1
    }
    if (from < chunk.length) this.#take(chunk.subarray(from))
  }

  /** Passes on what was printed after the last newline. */
  end(): void {
    if (this.#rest.length > 0) this.#passOn(this.#rest, false)
    this.#rest = nothing
  }

  #take(bytes: Buffer): void {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    while (this.#rest.length > longestLineBytes) {
      const end = wholeCharacters(this.#rest.subarray(0, longestLineBytes))
      this.#passOn(this.#rest.subarray(0, end), true)
      this.#rest = this.#rest.subarray(end)
    }
  }

  #passOn(bytes: Buffer, cut: boolean): void {
    const end = !cut && bytes.at(-1) === carriageReturn ? bytes.length - 1 : bytes.length
    this.#onLine(bytes.toString('utf8', 0, end), cut)
  }
}
