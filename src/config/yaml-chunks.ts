import { isRefused, parseDocument } from './yaml-document.ts'
import type { YamlMap, YamlNode, YamlPair } from './yaml-node.ts'

/** About as much text as is parsed in one go: the trees of `yaml` take a hundred times its size. */
const chunkLength = 131_072

interface Split {
  /** The text with the entries blanked out, so that every offset stays what it is. */
  readonly rest: string
  readonly chunks: readonly { readonly text: string; readonly offset: number }[]
}

/**
 * Parses a large file piece by piece, because 100,000 entries in one piece take a gigabyte: the entries of a block
 * map `schedules:` in groups of whole entries, then what is around them.
 *
 * Undefined when the file does not lend itself to it, or when anything at all is wrong: the whole text in one piece
 * then gives the verdict. It is never more lenient than that: a line that is indented as the entries are, in a
 * block map at the top, begins an entry or is an error.
 */
export function parseInChunks(text: string): YamlNode | undefined {
  const split = splitEntries(text)
  if (!split) return undefined
  const rest = parseDocument(split.rest, 0)
  if (!rest || isRefused(rest) || rest.kind !== 'map') return undefined
  const pairs: YamlPair[] = []
  for (const chunk of split.chunks) {
    const node = parseDocument(chunk.text, chunk.offset)
    if (!node || isRefused(node) || node.kind !== 'map') return undefined
    for (const pair of node.pairs) pairs.push(pair)
  }
  return withSchedules(rest, { kind: 'map', offset: split.chunks[0]?.offset ?? 0, pairs })
}

function withSchedules(root: YamlMap, schedules: YamlMap): YamlNode | undefined {
  const named = root.pairs.filter((pair) => pair.key === 'schedules')
  if (named.length !== 1) return undefined
  const pairs = root.pairs.map((pair) => (pair.key === 'schedules' ? { ...pair, value: schedules } : pair))
  return { ...root, pairs }
}

const schedulesLine = /^schedules:[ \t]*(?:#.*)?\r?\n/m
/** An anchor may be meant for an alias in another chunk. */
const anchor = /(?:^|[\s,[{])&[^\s&]/
/** What may stand at the indentation of the entries without beginning one: a comment, a bracket that closes. */
const entryStart = /^[^\s#}\]]/

function splitEntries(text: string): Split | undefined {
  const head = schedulesLine.exec(text)
  if (!head || anchor.test(text)) return undefined
  const start = head.index + head[0].length
  const indent = /^(?:[ \t]*(?:#.*)?\r?\n)*( +)[^\s#]/.exec(text.slice(start, start + chunkLength))?.[1]
  if (!indent) return undefined
  const chunks: { text: string; offset: number }[] = []
  let from = start
  let at = start
  while (at < text.length) {
    const newline = text.indexOf('\n', at)
    const lineEnd = newline === -1 ? text.length : newline + 1
    if (!/[\s#]/.test(text[at] ?? '')) break
    if (
      at - from >= chunkLength &&
      text.startsWith(indent, at) &&
      entryStart.test(text.slice(at + indent.length, at + indent.length + 1))
    ) {
      chunks.push({ text: text.slice(from, at), offset: from })
      from = at
    }
    at = lineEnd
  }
  chunks.push({ text: text.slice(from, at), offset: from })
  const blank = `${' '.repeat(at - start - 1)}\n`
  return { rest: text.slice(0, start) + blank + text.slice(at), chunks }
}
