import { decodeText } from './decode-text.ts'
import { type Included, readIncluded } from './included-files.ts'
import type { Loaded } from './load-settings.ts'
import { mergeFiles } from './merge-files.ts'
import { type Parts, readSettings } from './read-settings.ts'
import type { Reading } from './reading.ts'
import { Report } from './report.ts'
import { type SourceFile, Sources } from './sources.ts'
import { NotInChunksError } from './yaml-chunks.ts'
import { isRefused, parseDocument } from './yaml-document.ts'
import type { YamlNode } from './yaml-node.ts'
import { type ParseText, parseText } from './yaml-text.ts'

/** What the meaning of a configuration depends on beside its texts: plain data, to be sent to a thread. */
export interface ParseContext extends Omit<Reading, 'report'> {
  readonly parts: Parts
}

/** The main file before it is known to be text. */
export interface ParseBytes extends ParseContext, Omit<SourceFile, 'text'> {
  readonly bytes: Uint8Array<ArrayBuffer>
}

export interface ParseOptions extends ParseContext, SourceFile {
  readonly included?: Included
}

type Parsed = ReturnType<ParseText>

/** From bytes to settings, or to everything that is wrong with them. Reads what the file includes. */
export async function parseBytes({ bytes, ...options }: ParseBytes): Promise<Loaded> {
  const decoded = decodeText(bytes)
  if ('problem' in decoded) return { problems: [{ file: options.file, path: '', message: decoded.problem }] }
  const main = { ...options, text: decoded.text }
  return parseSettings({ ...main, included: await readIncluded(main, options) })
}

/** From texts to settings, or to everything that is wrong with them. */
export function parseSettings(options: ParseOptions): Loaded {
  const files = [options, ...(options.included?.files ?? [])]
  const sources = new Sources(files)
  const report = new Report(sources)
  refuseControlCharacters(report)
  if (report.hasProblems) return { problems: report.problems() }
  try {
    return read(options, report, parseText)
  } catch (error) {
    if (!(error instanceof NotInChunksError)) throw error
    return read(options, new Report(sources), parseDocument)
  }
}

function read(options: ParseOptions, report: Report, parse: ParseText): Loaded {
  const { absolute, included } = options
  for (const problem of included?.problems ?? [])
    if ('offset' in problem) report.problem(problem.offset, problem.path, problem.message)
    else report.problemOutside(problem)
  const [main, ...others] = parseAll(report, parse)
  const isPartial = report.hasProblems
  if (isRefused(main)) return { problems: report.problems() }
  if (!saysAnything(main)) {
    report.problem(0, '', options.text.trim() === '' ? 'the file is empty' : 'the file says nothing')
    return { problems: report.problems() }
  }
  warnOfWriters([options, ...(included?.files ?? [])], report)
  const root = main.kind === 'map' ? mergeFiles(main, others.filter(saysAnything), report) : main
  const settings = readSettings(root, absolute, { ...options, report, isPartial }, options.parts)
  if (!settings || report.hasProblems) return { problems: report.problems() }
  return { settings, warnings: report.warnings() }
}

function parseAll(report: Report, parse: ParseText): readonly Parsed[] {
  return report.sources.texts.map(({ text, base }) => {
    const root = parse(text, base)
    if (isRefused(root)) for (const { offset, message } of root) report.problem(offset, '', message)
    return root
  })
}

/** An included file may be empty: its entries are commented out for a while. */
function saysAnything(root: Parsed): root is YamlNode {
  return root !== undefined && !isRefused(root) && !(root.kind === 'scalar' && root.value === null)
}

/** Whoever may write the file decides what runs, as the worker's user. */
function warnOfWriters(files: readonly SourceFile[], report: Report): void {
  for (const [index, { mode }] of files.entries()) {
    const writers = mode & 0o002 ? 'everybody' : mode & 0o020 ? 'its group' : undefined
    if (!writers) continue
    const shown = (mode & 0o777).toString(8).padStart(4, '0')
    const message = `${writers} may write this file (mode ${shown}), and so decide what runs`
    report.warning(report.sources.texts[index]?.base ?? 0, '', message)
  }
}

function refuseControlCharacters(report: Report): void {
  for (const { text, base } of report.sources.texts) {
    const found = /(?![\t\n\r\u0085])\p{Cc}/u.exec(text)
    if (!found) continue
    const code = found[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
    const message = `the control character U+${code} has no place in a text file`
    report.problem(base + found.index, '', message)
  }
}
