import {
  Composer,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  type ParsedNode,
  Parser,
  type YAMLError,
} from 'yaml'
import { createNestingGuard, largestNesting } from './yaml-nesting.ts'
import type { YamlNode, YamlPair } from './yaml-node.ts'
import { explainSyntax } from './yaml-syntax-hint.ts'

/** What aliases may add to a file, in values: they are for saying a thing twice, not for a bomb. */
const mostAliasedValues = 100_000

/** A text that is not one YAML document without tags and directives; the reason, located. */
export interface Refusal {
  readonly offset: number
  readonly message: string
}

/**
 * One document of YAML 1.2 core, or why it is not: located in the text, moved by `shift`.
 * An empty text gives undefined.
 *
 * Duplicate keys are left to the reader: `yaml` compares each with each, which takes minutes for 100,000.
 */
export function parseDocument(text: string, shift: number): YamlNode | undefined | readonly Refusal[] {
  const composed = compose(text)
  if ('refusals' in composed) return moved(composed.refusals, shift)
  if (!composed.document?.contents) return undefined
  const conversion = new Conversion(shift)
  const root = conversion.convert(composed.document.contents)
  return conversion.refusals.length > 0 ? conversion.refusals : root
}

/** Whether it was refused. */
export function isRefused(result: YamlNode | undefined | readonly Refusal[]): result is readonly Refusal[] {
  return Array.isArray(result)
}

type Composed = { readonly document: Document.Parsed | undefined } | { readonly refusals: readonly Refusal[] }

function compose(text: string): Composed {
  const parser = new Parser()
  const composer = new Composer({
    uniqueKeys: false,
    stringKeys: true,
    prettyErrors: false,
    logLevel: 'silent',
  })
  const isTooDeep = createNestingGuard()
  const documents: Document.Parsed[] = []
  for (const lexeme of new Lexer().lex(text)) {
    if (isTooDeep(lexeme))
      return refused(parser.offset, `lists and maps are nested deeper than ${largestNesting} levels`)
    for (const token of parser.next(lexeme)) {
      if (token.type === 'directive')
        return refused(token.offset, 'directives are not supported: the file is read as YAML 1.2')
      documents.push(...composer.next(token))
    }
  }
  for (const token of parser.end()) documents.push(...composer.next(token))
  documents.push(...composer.end())
  return judge(documents, text, composer.streamInfo().errors)
}

function judge(documents: readonly Document.Parsed[], text: string, stray: readonly YAMLError[]): Composed {
  const [document, second] = documents
  // What is wrong in another document is not what is wrong with this file.
  const errors = [...(document?.errors ?? []), ...stray]
  if (errors.length > 0) return { refusals: explainSyntax(errors, text) }
  if (second)
    return refused(second.range[0], 'a second document begins here; a configuration is one document')
  return { document }
}

function refused(offset: number, message: string): Composed {
  return { refusals: [{ offset, message }] }
}

function moved(refusals: readonly Refusal[], shift: number): readonly Refusal[] {
  return shift === 0 ? refusals : refusals.map((each) => ({ ...each, offset: each.offset + shift }))
}

const coreTags = 'tag:yaml.org,2002:'
const coreTag = /^tag:yaml\.org,2002:(?:str|int|float|bool|null|map|seq)$/

interface Anchored {
  readonly node: YamlNode
  /** How many values it holds, aliases followed. */
  readonly size: number
}

/** Turns the library's nodes into ours, in the order of the document, so that an alias meets its anchor before. */
class Conversion {
  readonly refusals: Refusal[] = []
  readonly #shift: number
  readonly #anchors = new Map<string, Anchored>()
  #size = 0
  #aliased = 0

  constructor(shift: number) {
    this.#shift = shift
  }

  convert(node: ParsedNode): YamlNode {
    const offset = node.range[0] + this.#shift
    if (isAlias(node)) return this.#follow(node.source, offset)
    if (node.tag !== undefined && !coreTag.test(node.tag))
      this.refusals.push({
        offset,
        message: `the tag ${node.tag.replace(coreTags, '!!')} is not supported; there are no custom types`,
      })
    const sizeBefore = this.#size++
    const converted = this.#convertValue(node, offset)
    const { anchor } = node
    if (anchor) this.#anchors.set(anchor, { node: converted, size: this.#size - sizeBefore })
    return converted
  }

  #convertValue(node: ParsedNode, offset: number): YamlNode {
    if (isMap<ParsedNode, ParsedNode | null>(node)) {
      const pairs = node.items.map((pair) => this.#convertPair(pair.key, pair.value))
      return { kind: 'map', offset, pairs }
    }
    if (isSeq<ParsedNode>(node))
      return { kind: 'list', offset, items: node.items.map((item) => this.convert(item)) }
    if (isScalar(node))
      return { kind: 'scalar', offset, value: scalarValue(node.value), source: node.source ?? '' }
    throw new TypeError('yaml gave a node of no known kind')
  }

  #convertPair(key: ParsedNode, value: ParsedNode | null): YamlPair {
    const keyOffset = key.range[0] + this.#shift
    const name = isScalar(key) ? String(key.value ?? '') : ''
    if (value) return { key: name, keyOffset, value: this.convert(value) }
    return {
      key: name,
      keyOffset,
      value: { kind: 'scalar', offset: key.range[1] + this.#shift, value: null, source: '' },
    }
  }

  #follow(anchor: string, offset: number): YamlNode {
    const target = this.#anchors.get(anchor)
    if (!target) {
      const message = `the alias *${anchor} names no value marked &${anchor} before it; a text that begins with * must be quoted`
      this.refusals.push({ offset, message })
      return { kind: 'scalar', offset, value: null, source: '' }
    }
    this.#size += target.size
    this.#aliased += target.size
    if (this.#aliased > mostAliasedValues && this.#aliased - target.size <= mostAliasedValues) {
      const message = `aliases repeat more than ${mostAliasedValues.toLocaleString('en')} values`
      this.refusals.push({ offset, message })
    }
    return target.node
  }
}

function scalarValue(value: unknown): string | number | boolean | null {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value
  return String(value)
}
