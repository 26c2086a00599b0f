import { decodeText } from './decode-text.ts'
import type { Loaded } from './load-settings.ts'
import { type Parts, readSettings } from './read-settings.ts'
import type { Reading } from './reading.ts'
import { Report } from './report.ts'
import { SourceText } from './source-text.ts'
import { NotInChunksError, parseInChunks } from './yaml-chunks.ts'
import { isRefused, parseDocument } from './yaml-document.ts'
import type { YamlNode } from './yaml-node.ts'

/** A file's text and everything that its meaning depends on: plain data, to be sent to a thread. */
export interface ParseOptions extends Omit<Reading, 'report'> {
  /** As it was named. */
  readonly file: string
  readonly absolute: string
  readonly text: string
  /** The file's permissions. */
  readonly mode: number
  readonly parts: Parts
}

/** The same before it is known to be text. */
export type ParseBytes = Omit<ParseOptions, 'text'> & { readonly bytes: Uint8Array<ArrayBuffer> }

/** Where parsing in pieces begins to pay. */
const chunksFrom = 262_144

/** From bytes to settings, or to everything that is wrong with them. */
export function parseBytes({ bytes, ...options }: ParseBytes): Loaded {
  const decoded = decodeText(bytes)
  if ('text' in decoded) return parseSettings({ ...options, text: decoded.text })
  return { problems: [{ file: options.file, path: '', message: decoded.problem }] }
}

/** From text to settings, or to everything that is wrong with it. */
export function parseSettings(options: ParseOptions): Loaded {
  const source = new SourceText(options.file, options.text)
  const report = new Report(source)
  refuseControlCharacters(report)
  if (report.hasProblems) return { problems: report.problems() }
  if (options.text.length < chunksFrom) return parseWhole(options, report)
  try {
    return readRoot(parseInChunks(options.text), options, report)
  } catch (error) {
    if (!(error instanceof NotInChunksError)) throw error
    return parseWhole(options, new Report(source))
  }
}

function parseWhole(options: ParseOptions, report: Report): Loaded {
  const root = parseDocument(options.text, 0)
  if (!isRefused(root)) return readRoot(root, options, report)
  for (const { offset, message } of root) report.problem(offset, '', message)
  return { problems: report.problems() }
}

function readRoot(root: YamlNode | undefined, options: ParseOptions, report: Report): Loaded {
  if (root === undefined || (root.kind === 'scalar' && root.value === null)) {
    report.problem(0, '', options.text.trim() === '' ? 'the file is empty' : 'the file says nothing')
    return { problems: report.problems() }
  }
  warnOfWriters(options.mode, report)
  const read = readSettings(root, options.absolute, { ...options, report }, options.parts)
  if (!read || report.hasProblems) return { problems: report.problems() }
  return { ...read, warnings: report.warnings() }
}

/** Whoever may write the file decides what runs, as the worker's user. */
function warnOfWriters(mode: number, report: Report): void {
  const writers = mode & 0o002 ? 'everybody' : mode & 0o020 ? 'its group' : undefined
  if (!writers) return
  const shown = (mode & 0o777).toString(8).padStart(4, '0')
  report.warning(0, '', `${writers} may write this file (mode ${shown}), and so decide what runs`)
}

function refuseControlCharacters(report: Report): void {
  const found = /(?![\t\n\r\u0085])\p{Cc}/u.exec(report.source.text)
  if (!found) return
  const code = found[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
  report.problem(found.index, '', `the control character U+${code} has no place in a text file`)
}
