import { dirname } from 'node:path'
import { SourceText, type TextPosition } from './source-text.ts'

/** A file of a configuration that could be read. */
export interface SourceFile {
  /** As it was named, or as it lies from there. */
  readonly file: string
  readonly absolute: string
  readonly text: string
  /** Its permissions. */
  readonly mode: number
}

/** Where in which file. */
export interface SourcePosition extends TextPosition {
  readonly file: string
}

interface Source {
  readonly text: SourceText
  readonly directory: string
  /** The offset of its first character. */
  readonly base: number
}

/**
 * The texts of a configuration, the main file's first, as if they stood one behind the other: so an offset tells the
 * file as well as the place in it.
 */
export class Sources {
  readonly #sources: readonly Source[]

  constructor(files: readonly SourceFile[]) {
    let base = 0
    this.#sources = files.map(({ file, absolute, text }) => {
      const source = { text: new SourceText(file, text), directory: dirname(absolute), base }
      base += text.length + 1
      return source
    })
  }

  /** The main file, as it was named. */
  get main(): string {
    return this.#sources[0]?.text.file ?? ''
  }

  /** That of the main file. */
  get directory(): string {
    return this.directoryOf(0)
  }

  /** The texts with the offsets at which they begin. */
  get texts(): readonly { readonly text: string; readonly base: number }[] {
    return this.#sources.map(({ text: { text }, base }) => ({ text, base }))
  }

  position(offset: number): SourcePosition {
    const { text, base } = this.#of(offset)
    return { file: text.file, ...text.position(offset - base) }
  }

  /** Where relative paths start that are written there. */
  directoryOf(offset: number): string {
    return this.#of(offset).directory
  }

  /** A place as another part of the configuration would name it: `on line 3`, or `in conf.d/web.yaml:3`. */
  placeSeenFrom(offset: number, from: number): string {
    const there = this.#of(offset)
    const line = there.text.lineOf(offset - there.base)
    return there === this.#of(from) ? `on line ${line}` : `in ${there.text.file}:${line}`
  }

  #of(offset: number): Source {
    const found = this.#sources.findLast(({ base }) => base <= offset)
    if (!found) throw new RangeError(`no text has an offset of ${offset}`)
    return found
  }
}
