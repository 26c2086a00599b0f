import { glob } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { decodeText } from './decode-text.ts'
import { fileKeys } from './file-keys.ts'
import type { Given } from './kind.ts'
import { literally } from './path-kind.ts'
import { Place } from './place.ts'
import type { Problem } from './problem.ts'
import { readConfigFile } from './read-file.ts'
import type { Reading } from './reading.ts'
import { Report } from './report.ts'
import { type SourceFile, Sources } from './sources.ts'
import { NotInChunksError } from './yaml-chunks.ts'
import { parseDocument } from './yaml-document.ts'
import type { YamlNode } from './yaml-node.ts'
import type { Refusal } from './yaml-refusal.ts'
import { parseText } from './yaml-text.ts'

/** A directory of many small files is one thing, and a mistaken pattern another. */
const mostFiles = 1_000
const largestTotal = 32 * 1_048_576

export interface Included {
  readonly files: readonly SourceFile[]
  /** Those that cannot be read, and why: where the main file names them, or where they are no text. */
  readonly problems: readonly Unreadable[]
}

/** Something is wrong with what is named at a place of the main file. */
interface Misnamed {
  readonly offset: number
  readonly path: string
  readonly message: string
}

type Unreadable = Misnamed | Problem

/**
 * Reads the files that a main file includes, in the order of their names.
 * What is wrong with `include` is found later.
 */
export async function readIncluded(main: SourceFile, reading: Omit<Reading, 'report'>): Promise<Included> {
  const paths = await expand(includePatterns(main, reading), main.absolute)
  if (paths.size > mostFiles) {
    const message = `names more than ${mostFiles.toLocaleString('en')} files`
    return { files: [], problems: [{ file: main.file, path: 'include', message }] }
  }
  const files: SourceFile[] = []
  const problems: Unreadable[] = []
  let total = main.text.length
  for (const [absolute, at] of paths) {
    const read = await readOne(absolute, at, main)
    if ('text' in read) files.push(read)
    else problems.push(read)
    total += 'text' in read ? read.text.length : 0
    if (total <= largestTotal) continue
    const message = 'with the files that it includes it is larger than 32 MiB'
    return { files: [], problems: [{ file: main.file, path: 'include', message }] }
  }
  return { files, problems }
}

async function readOne(absolute: string, at: Place, main: SourceFile): Promise<SourceFile | Unreadable> {
  const file = nameFrom(main, absolute)
  const content = await readConfigFile(absolute)
  if ('problem' in content)
    return { offset: at.node.offset, path: at.path, message: `${file}: ${content.problem}` }
  const decoded = decodeText(content.bytes)
  if ('problem' in decoded) return { file, path: '', message: decoded.problem }
  return { file, absolute, text: decoded.text, mode: content.mode }
}

/** What `include` says, as far as it can be understood. */
function includePatterns(main: SourceFile, reading: Omit<Reading, 'report'>): readonly Given<string>[] {
  // Spelled out wherever it is a key; so most files are parsed once.
  if (!main.text.includes('include')) return []
  const root = parseMain(main.text)
  if (!root || !('kind' in root) || root.kind !== 'map') return []
  const scratch = new Place({ ...reading, report: new Report(new Sources([main])) }, root)
  for (const { key, value } of root.pairs)
    if (key === 'include') return fileKeys.keys.include.kind.read(scratch.at(key, value)) ?? []
  return []
}

function parseMain(text: string): YamlNode | undefined | readonly Refusal[] {
  try {
    return parseText(text, 0)
  } catch (error) {
    if (!(error instanceof NotInChunksError)) throw error
    return parseDocument(text, 0)
  }
}

/**
 * Every file that is named or matches, with the place that says so first; a pattern finds no hidden files, and never the main file itself. It stops at the
 * first file too many.
 */
async function expand(patterns: readonly Given<string>[], main: string): Promise<ReadonlyMap<string, Place>> {
  const paths = new Map<string, Place>()
  for (const { value: pattern, at } of patterns) {
    const add = (path: string): unknown => path !== main && !paths.has(path) && paths.set(path, at)
    const { cwd, rest } = fromMain(pattern, dirname(main))
    if (!isPattern(rest)) add(resolve(cwd, rest))
    else
      for await (const match of glob(rest, { cwd })) {
        const path = resolve(cwd, match)
        if (!basename(path).startsWith('.')) add(path)
        if (paths.size > mostFiles) break
      }
  }
  return new Map([...paths].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The directory of the main file is no pattern, whatever its name. */
function fromMain(pattern: string, directory: string): { readonly cwd: string; readonly rest: string } {
  const start = `${literally(directory)}/`
  return pattern.startsWith(start)
    ? { cwd: directory, rest: pattern.slice(start.length) }
    : { cwd: '/', rest: pattern }
}

function isPattern(path: string): boolean {
  return /[*?[\]{}]/.test(path)
}

/** As it lies from where the main file was named. */
function nameFrom(main: SourceFile, absolute: string): string {
  const way = relative(dirname(main.absolute), absolute)
  return way.startsWith('..') || isAbsolute(way) ? absolute : join(dirname(main.file), way)
}
