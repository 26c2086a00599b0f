/**
 * Something in a configuration that is wrong (or legal and suspicious), with its place: plain data, ready to render.
 * `line` and `column` count from 1 and are absent when there is no place inside a file, as for one that is missing.
 */
export interface Problem {
  /** The file as it was named by whoever asked for it, or what else is to blame, `$TASKBEAT_BROKER_URL`. */
  readonly file: string
  readonly line?: number
  readonly column?: number
  /** The keys from the root, `schedules.nightly.cron`; empty for the file as a whole. */
  readonly path: string
  /** Lower case, no full stop: `expected a duration, got 5`. */
  readonly message: string
  /** The line of the file, or the part of a very long one that matters. */
  readonly sourceLine?: string
  /** Where in `sourceLine` the caret stands, from 0. */
  readonly caret?: number
}

/**
 * `schedules.yaml:12:9: schedules.nightly.cron: expected …`, then the source line and a caret below its place.
 * Control characters of the file never reach the terminal.
 */
export function renderProblem(problem: Problem): string {
  const place = [problem.file, problem.line, problem.column].filter((part) => part !== undefined).join(':')
  const what = [place, problem.path, problem.message].filter((part) => part !== '').join(': ')
  if (problem.sourceLine === undefined) return printable(what)
  const before = problem.sourceLine.slice(0, problem.caret).replaceAll(/[^\t]/gu, ' ')
  return `${printable(what)}\n  ${printable(problem.sourceLine)}\n  ${before}^`
}

/** The text with everything that could steer a terminal or forge a line of a log made visible. */
export function printable(text: string): string {
  return text.replaceAll(/(?!\t)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, '\u{fffd}')
}
