/** A place in a text: line and column from 1, and as much of the line as is worth showing. */
export interface TextPosition {
  readonly line: number
  readonly column: number
  readonly sourceLine: string
  readonly caret: number
}

const longestExcerpt = 160

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
    const shown = withoutPassword(this.lineText(line)).slice(from, from + longestExcerpt)
    return { line, column: column + 1, sourceLine: shown, caret: column - from }
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

/** A URL's password is not for the log. The length stays, so that the caret does. */
function withoutPassword(line: string): string {
  return line.replaceAll(/(?<=:\/\/[^/\s:@]*:)[^/\s]*(?=@)/g, (password) => '*'.repeat(password.length))
}
