import { isRefused, parseDocument } from './yaml-document.ts'
import type { YamlMap, YamlNode, YamlPair } from './yaml-node.ts'
import { readPlain } from './yaml-plain.ts'

/** About as much text as is parsed in one go. What `yaml` makes of it takes a hundred times as much, for a moment. */
const chunkLength = 8_192

/** The file cannot be parsed in pieces; in one piece it may be right or wrong. */
export class NotInChunksError extends Error {}

/**
 * Parses a large file piece by piece, because 100,000 entries in one piece take a gigabyte: what is around the entries
 * of a block map `schedules:` at once, the entries in groups and only while they are walked.
 *
 * Throws NotInChunksError, at once or while the entries are walked, when the file does not lend itself to it or when
 * anything at all is wrong: the whole text in one piece then gives the verdict. It is never more lenient than that: a
 * line that is indented as the entries are, in a block map at the top, begins an entry or is an error. Offsets are moved
 * by `shift`.
 */
export function parseInChunks(text: string, shift: number): YamlNode {
  const split = splitEntries(text)
  if (!split) throw new NotInChunksError()
  const rest = parseMap(split.rest, shift)
  const pairs: YamlPair[] = []
  for (const pair of rest.pairs) {
    if (pair.key !== 'schedules') pairs.push(pair)
    else pairs.push({ ...pair, value: inChunks(split.chunks, shift) })
  }
  if (pairs.filter((pair) => pair.key === 'schedules').length !== 1) throw new NotInChunksError()
  return { ...rest, pairs }
}

interface Chunk {
  readonly text: string
  readonly offset: number
}

interface Split {
  /** The text with the entries blanked out, so that every offset stays what it is. */
  readonly rest: string
  readonly chunks: readonly Chunk[]
}

function inChunks(chunks: readonly Chunk[], shift: number): YamlMap {
  const pairs = {
    *[Symbol.iterator](): Generator<YamlPair> {
      for (const { text, offset } of chunks) {
        const from = offset + shift
        yield* (readPlain(text, from) ?? parseMap(text, from)).pairs
      }
    },
  }
  return { kind: 'map', offset: (chunks[0]?.offset ?? 0) + shift, pairs }
}

function parseMap(text: string, offset: number): YamlMap {
  const node = parseDocument(text, offset)
  if (!node || isRefused(node) || node.kind !== 'map') throw new NotInChunksError()
  return node
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
  const chunks: Chunk[] = []
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
