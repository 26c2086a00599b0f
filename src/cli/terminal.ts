import { styleText } from 'node:util'
import type { Host } from '../app/host.ts'
import { printable } from '../config/problem.ts'
import { isJournalStream } from '../system/journal-stream.ts'

/** What a command writes to, and where it runs. Handed to every command, so that a test can read along. */
export interface Terminal {
  readonly host: Host
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
}

export type Style = Parameters<typeof styleText>[0]

/** Data: to standard output, a line. */
export function print({ stdout }: Terminal, line: string): void {
  stdout.write(`${line}\n`)
}

/** A remark beside the data: to standard error, so that a pipe gets the data alone. */
export function remark({ stderr }: Terminal, line: string): void {
  stderr.write(`${line}\n`)
}

/** Why a command cannot go on: a remark, and for journald an error. */
export function complain(terminal: Terminal, line: string): void {
  remark(terminal, `${isJournal(terminal.stderr, terminal.host) ? '<3>' : ''}${line}`)
}

/** Whether journald reads what is written to this stream. */
export function isJournal(stream: NodeJS.WriteStream & { readonly fd?: number }, { env }: Host): boolean {
  return stream.fd !== undefined && isJournalStream(stream.fd, env)
}

/** Data for programs: one JSON document. What could steer a terminal is escaped, which means the same to a program. */
export function printJson(terminal: Terminal, value: unknown): void {
  const text = JSON.stringify(value, null, 2)
  print(terminal, text.replaceAll(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped))
}

function escaped(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')
}

/** Coloured on a terminal, plain anywhere else; NO_COLOR is obeyed. */
export function paint({ stdout }: Terminal, style: Style, text: string): string {
  return stdout.isTTY ? styleText(style, text, { stream: stdout }) : text
}

/** A cell of a table: a text, or one that is coloured on a terminal. */
export type Cell = string | { readonly text: string; readonly style: Style }

/** Rows under their headings, each column as wide as it needs to be; the last is not padded. */
export function printTable(
  terminal: Terminal,
  headings: readonly string[],
  rows: readonly (readonly Cell[])[],
): void {
  const texts = rows.map((row) => row.map((cell) => printable(typeof cell === 'string' ? cell : cell.text)))
  const widths = headings.map((heading, column) =>
    texts.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), heading.length),
  )
  const padded = (row: readonly string[]): string[] =>
    row.map((text, column) => (column === row.length - 1 ? text : text.padEnd(widths[column] ?? 0)))
  print(terminal, paint(terminal, 'bold', padded(headings).join('  ')))
  for (const [index, row] of rows.entries()) {
    const line = padded(texts[index] ?? []).map((text, column) => {
      const cell = row[column]
      return typeof cell === 'object' ? paint(terminal, cell.style, text) : text
    })
    print(terminal, line.join('  ').trimEnd())
  }
}
