import type { Outcome, Output } from '../../task/outcome.ts'
import type { Execution } from '../executor.ts'
import type { HandlerEnding } from './call-handler.ts'
import type { CapturedOutput } from './captured-output.ts'
import type { StopWatch } from './stop-watch.ts'
import type { Thrown } from './thrown.ts'

/** What the end of a handler means, or that it came to none (`undefined`: nobody waits for it any more). */
export function handlerOutcome(
  ending: HandlerEnding | undefined,
  watch: StopWatch,
  { emit, message }: Execution,
  captured: CapturedOutput,
): Outcome {
  const stopped = watch.reason
  if (ending?.kind === 'returned' && stopped?.kind !== 'timedOut') {
    const { result, dropped } = ending
    if (dropped !== undefined) emit({ kind: 'resultDropped', message, reason: dropped })
    return {
      kind: 'succeeded',
      ...(result !== undefined && { result }),
      ...(dropped !== undefined && { dropped }),
      ...outputOf(captured),
    }
  }
  if (stopped) return { ...stopped, ...outputOf(captured) }
  if (ending?.kind === 'askedRetry') {
    const delay = ending.delay === undefined ? {} : { delay: ending.delay }
    return { kind: 'retryAsked', reason: ending.reason, ...delay, ...outputOf(captured) }
  }
  const { reason, detail, error } = ending?.kind === 'threw' ? ending.thrown : nothingKnown
  if (detail !== '') captured.write(Buffer.from(`${detail}\n`))
  const isPermanent = ending?.kind === 'threw' && ending.permanent === true
  if (watch.softLimit !== undefined && !isPermanent)
    return { kind: 'timedOut', limit: watch.softLimit, ...outputOf(captured) }
  return { kind: 'failed', reason, error, ...(isPermanent && { permanent: true }), ...outputOf(captured) }
}

/** As if it had been thrown: the handler was lost with what it ran in. */
export function lost(reason: string): Thrown {
  return { reason, detail: '', error: { name: 'Lost', message: reason } }
}

const nothingKnown = lost('it came to no end')

function outputOf(captured: CapturedOutput): { readonly output?: Output } {
  const output = captured.toOutput()
  return output ? { output } : {}
}
