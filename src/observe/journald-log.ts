import type { Line } from './line.ts'
import { aboutRun, readableLines } from './readable.ts'

/** See sd-daemon(3). */
const priority = { debug: 7, info: 6, warn: 4, error: 3 } as const

/** journald cuts a line at 48 KiB, and what it has cut off has no priority; a character has at most 4 bytes. */
const piece = /.{1,8000}/gsu

/**
 * What journald is to get for a line: entries with their priority, and without the time, which it has itself. A text of
 * several lines, or of too many characters for one entry, is several entries, of which only the first begins at the
 * edge.
 */
export function journaldText(line: Line): string {
  const [first = '', ...below] = readableLines(line)
  // What a task prints is told line by line, and its name stands before each.
  const about = line.fields.stream === undefined ? aboutRun(line) : ''
  return [about === '' ? first : `${first} (${about})`, ...below]
    .flatMap((text) => text.match(piece) ?? [''])
    .map((text, index) => `<${priority[line.level]}>${index === 0 ? '' : '  '}${text}\n`)
    .join('')
}
