import { withoutPasswords } from './without-passwords.ts'

/** A place in a text: line and column from 1, and as much of the line as is worth showing. */
export interface TextPosition {
  readonly line: number
  readonly column: number
  readonly sourceLine: string
  readonly caret: number
}

const longestExcerpt = 160
/** So far around an excerpt is looked for the ends of a URL that it cuts. */
const longestPassword = 2_048

/** The text of one file, which tells an offset's line and column. The lines are counted when the first is asked for. */
export class SourceText {
  /** The file as it was named. */
  readonly file: string
  readonly text: string
  #lineStarts: number[] | undefined

  constructor(file: string, text: string) {
    this.file = file
    this.text = text
  }

  lineOf(offset: number): number {
    const starts = this.#starts()
    let low = 0
    let high = starts.length
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle
    }
    return low + 1
  }

  position(offset: number): TextPosition {
    const line = this.lineOf(offset)
    const start = this.#starts()[line - 1] ?? 0
    const column = offset - start
    const from = column < longestExcerpt ? 0 : column - longestExcerpt / 2
    const left = Math.max(0, from - longestPassword)
    const near = this.lineText(line).slice(left, from + longestExcerpt + longestPassword)
    const sourceLine = withoutPasswords(near).slice(from - left, from - left + longestExcerpt)
    return { line, column: column + 1, sourceLine, caret: column - from }
  }

  /** The line without its end. */
  lineText(line: number): string {
    const starts = this.#starts()
    return this.text.slice(starts[line - 1], starts[line] ?? this.text.length).replace(/\r?\n$/, '')
  }

  #starts(): number[] {
    if (this.#lineStarts) return this.#lineStarts
    const starts = [0]
    for (let at = this.text.indexOf('\n'); at !== -1; at = this.text.indexOf('\n', at + 1))
      starts.push(at + 1)
    this.#lineStarts = starts
    return starts
  }
}
