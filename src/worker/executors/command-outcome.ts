import type { Outcome, Output } from '../../task/outcome.ts'
import { exitCodeTryAgain } from '../../task/retry-policy.ts'
import type { StopWatch } from './stop-watch.ts'

/** How a process ended, as wait(2) tells it: one of them is there. */
export interface Exit {
  readonly code: number | null
  readonly signal: string | null
}

/**
 * What the end of a process means. If it was being stopped, then that is how it ended, whatever its exit code; if it
 * was only asked to end, then unless it ended well.
 */
export function commandOutcome(
  exit: Exit,
  { reason: stopped, softLimit }: Pick<StopWatch, 'reason' | 'softLimit'>,
  printed: Output | undefined,
): Outcome {
  const output = printed ? { output: printed } : {}
  if (stopped) return { ...stopped, ...output }
  const endedWell = exit.code === 0 || exit.code === exitCodeTryAgain
  if (softLimit !== undefined && !endedWell) return { kind: 'timedOut', limit: softLimit, ...output }
  if (exit.signal !== null)
    return { kind: 'failed', reason: `killed by ${exit.signal}`, signal: exit.signal, ...output }
  const exitCode = exit.code ?? 0
  const reason = `exit code ${exitCode}`
  if (exitCode === 0) return { kind: 'succeeded', ...output }
  if (exitCode === exitCodeTryAgain) return { kind: 'retryAsked', reason, exitCode, ...output }
  return { kind: 'failed', reason, exitCode, ...output }
}
