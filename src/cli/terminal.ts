import { styleText } from 'node:util'
import type { Host } from '../app/host.ts'
import { printable } from '../config/problem.ts'

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

/** Data for programs: one JSON document. */
export function printJson(terminal: Terminal, value: unknown): void {
  print(terminal, JSON.stringify(value, null, 2))
}

/** Coloured on a terminal, plain anywhere else; NO_COLOR is obeyed. */
export function paint({ stdout }: Terminal, style: Style, text: string): string {
  return stdout.isTTY ? styleText(style, text, { stream: stdout }) : text
}

/** Rows under their headings, each column as wide as it needs to be; the last is not padded. */
export function printTable(
  terminal: Terminal,
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): void {
  const cells = rows.map((row) => row.map(printable))
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...cells.map((row) => row[column]?.length ?? 0)),
  )
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd()
  print(terminal, paint(terminal, 'bold', line(headings)))
  for (const row of cells) print(terminal, line(row))
}
