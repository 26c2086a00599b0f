/**
 * Why a text is no time, date or cron expression, in the words of a configuration problem:
 * `expected minute 0–59, got 61`, and what to write instead where that is known.
 */
export interface TimingProblem {
  /** The field of a cron expression that is wrong: `minute`, `day of month` … */
  readonly field?: string
  readonly expected: string
  readonly got: string
  readonly hint?: string
}

/** Tells the problem from the value of a `parseX`. */
export function isProblem(result: unknown): result is TimingProblem {
  return typeof result === 'object' && result !== null && 'expected' in result && 'got' in result
}
