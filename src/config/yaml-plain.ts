import type { YamlMap, YamlNode, YamlPair, YamlScalar } from './yaml-node.ts'

/**
 * Reads the plainest YAML there is, in a tenth of the time that a parser of all of YAML needs: block maps, and lists and
 * maps in brackets on one line, of plain words, whole numbers and quoted texts without escapes. It gives the very nodes
 * that `parseDocument` would give, or undefined for whatever it does not know to be that plain, right or wrong.
 */
export function readPlain(text: string, shift: number): YamlMap | undefined {
  return new PlainReader(text, shift).read()
}

/** What lies deeper is left to the parser. */
const deepest = 8

const blankLines = /(?: *(?:#[^\r\n]*)?\r?\n)*(?: *(?:#[^\r\n]*)?$)?/y
const spaces = / */y
const lineEnd = /(?: +#[^\r\n]*| *)(?:\r?\n|$)/y
const keyAndColon = /("[^"\\\r\n]{0,200}"|'[^'\r\n]{0,200}'|[A-Za-z0-9_][\w./@+=-]{0,200}):(?= |\r?\n)/y
const comma = / *, */y
/** In quotes; a number; what begins as a number and is none, `30s`; or words. */
const scalar =
  /(?:"([^"\\\r\n]*)"|'([^'\r\n]*)'|(0|[1-9]\d{0,14})|\d+[-dhmswkKMG][\w-]*|[A-Za-z_/][\w./@+=%-]*(?: [\w./@+=%-]+)*)(?= *[,\]}\r\n]| +#| *$)/y

const constants: ReadonlyMap<string, boolean | null> = new Map([
  ...['null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['true', 'True', 'TRUE'].map((word) => [word, true] as const),
  ...['false', 'False', 'FALSE'].map((word) => [word, false] as const),
])

/** Each method reads what it is named after and stands behind it; or is undefined, and all is given up. */
class PlainReader {
  readonly #text: string
  readonly #shift: number
  #at = 0

  constructor(text: string, shift: number) {
    this.#text = text
    this.#shift = shift
  }

  read(): YamlMap | undefined {
    const map = this.#blockMap(0, 1)
    return this.#at === this.#text.length ? map : undefined
  }

  /** One whose keys stand further in than `outer`. */
  #blockMap(outer: number, depth: number): YamlMap | undefined {
    const indent = this.#indentOfNextLine()
    if (indent <= outer || depth > deepest) return undefined
    const offset = this.#at + indent + this.#shift
    const pairs: YamlPair[] = []
    let next = indent
    for (; next === indent; next = this.#indentOfNextLine()) {
      this.#at += indent
      const pair = this.#blockPair(indent, depth)
      if (!pair) return undefined
      pairs.push(pair)
    }
    return next < indent ? { kind: 'map', offset, pairs } : undefined
  }

  /** That of the next line with anything on it, at whose start it then stands; 0 at the end. */
  #indentOfNextLine(): number {
    this.#take(blankLines)
    spaces.lastIndex = this.#at
    spaces.test(this.#text)
    return spaces.lastIndex - this.#at
  }

  #blockPair(indent: number, depth: number): YamlPair | undefined {
    const keyOffset = this.#at + this.#shift
    const key = this.#key()
    if (key === undefined) return undefined
    if (this.#take(lineEnd)) {
      const value = this.#blockMap(indent, depth + 1)
      return value && { key, keyOffset, value }
    }
    const value = this.#onOneLine(depth + 1)
    return value && this.#take(lineEnd) ? { key, keyOffset, value } : undefined
  }

  #key(): string | undefined {
    const written = this.#take(keyAndColon)?.[1]
    return written?.startsWith('"') || written?.startsWith("'") ? written.slice(1, -1) : written
  }

  #onOneLine(depth: number): YamlNode | undefined {
    this.#take(spaces)
    if (depth > deepest) return undefined
    const first = this.#text[this.#at]
    if (first === '{') return this.#flowMap(depth)
    if (first === '[') return this.#flowList(depth)
    return this.#scalar()
  }

  #flowMap(depth: number): YamlMap | undefined {
    const offset = this.#at + this.#shift
    const pairs = this.#inBrackets('}', () => this.#flowPair(depth))
    return pairs && { kind: 'map', offset, pairs }
  }

  #flowList(depth: number): YamlNode | undefined {
    const offset = this.#at + this.#shift
    const items = this.#inBrackets(']', () => this.#onOneLine(depth + 1))
    return items && { kind: 'list', offset, items }
  }

  #inBrackets<T>(closing: string, readOne: () => T | undefined): readonly T[] | undefined {
    this.#at++
    this.#take(spaces)
    const all: T[] = []
    while (all.length > 0 || this.#text[this.#at] !== closing) {
      const one = readOne()
      if (!one) return undefined
      all.push(one)
      if (!this.#take(comma)) break
    }
    this.#take(spaces)
    return this.#text[this.#at++] === closing ? all : undefined
  }

  #flowPair(depth: number): YamlPair | undefined {
    const keyOffset = this.#at + this.#shift
    const key = this.#key()
    if (key === undefined) return undefined
    const value = this.#onOneLine(depth + 1)
    return value && { key, keyOffset, value }
  }

  #scalar(): YamlScalar | undefined {
    const offset = this.#at + this.#shift
    const found = this.#take(scalar)
    if (!found) return undefined
    const quoted = found[1] ?? found[2]
    if (quoted !== undefined) return { kind: 'scalar', offset, value: quoted, source: quoted }
    const source = found[0]
    const value = found[3] === undefined ? constants.get(source) : Number(source)
    return { kind: 'scalar', offset, value: value === undefined ? source : value, source }
  }

  #take(form: RegExp): RegExpExecArray | undefined {
    form.lastIndex = this.#at
    const found = form.exec(this.#text)
    if (!found) return undefined
    this.#at = form.lastIndex
    return found
  }
}
