import type { Loaded } from './load-settings.ts'
import { type Parts, readSettings } from './read-settings.ts'
import type { Reading } from './reading.ts'
import { Report } from './report.ts'
import { SourceText } from './source-text.ts'
import { parseInChunks } from './yaml-chunks.ts'
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

/** Where parsing in pieces begins to pay. */
const chunksFrom = 262_144

/** From text to settings, or to everything that is wrong with it. */
export function parseSettings(options: ParseOptions): Loaded {
  const report = new Report(new SourceText(options.file, options.text))
  const root = parseText(options.text, report)
  const read = root && readSettings(root, options.absolute, { ...options, report }, options.parts)
  if (!read || report.hasProblems) return { problems: report.problems() }
  return { ...read, warnings: report.warnings() }
}

function parseText(text: string, report: Report): YamlNode | undefined {
  const control = /(?![\t\n\r\u0085])\p{Cc}/u.exec(text)
  if (control) {
    const code = control[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
    report.problem(control.index, '', `the control character U+${code} has no place in a text file`)
    return undefined
  }
  const root = (text.length < chunksFrom ? undefined : parseInChunks(text)) ?? parseDocument(text, 0)
  if (isRefused(root)) {
    for (const { offset, message } of root) report.problem(offset, '', message)
    return undefined
  }
  if (root === undefined || (root.kind === 'scalar' && root.value === null))
    report.problem(0, '', text.trim() === '' ? 'the file is empty' : 'the file says nothing')
  else return root
  return undefined
}
