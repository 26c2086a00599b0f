import { isAlias, isMap, isScalar, isSeq, type ParsedNode } from 'yaml'
import type { YamlNode, YamlPair } from './yaml-node.ts'
import type { Refusal } from './yaml-refusal.ts'

/** What aliases may add to a file, in values: they are for saying a thing twice, not for a bomb. */
const mostAliasedValues = 100_000

/** The library's nodes as ours, their offsets moved by `shift`, aliases followed; or why they are refused. */
export function convertNode(root: ParsedNode, shift: number): YamlNode | readonly Refusal[] {
  const conversion = new Conversion(shift)
  const node = conversion.convert(root)
  return conversion.refusals.length > 0 ? conversion.refusals : node
}

const coreTags = 'tag:yaml.org,2002:'
const coreTag = /^tag:yaml\.org,2002:(?:str|int|float|bool|null|map|seq)$/

interface Anchored {
  readonly node: YamlNode
  /** How many values it holds, aliases followed. */
  readonly size: number
}

/** Goes in the order of the document, so that an alias meets its anchor before. */
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
