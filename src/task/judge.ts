import { backoffDelay, type Random } from '../core/backoff.ts'
import { type Instant, type Milliseconds, plus } from '../core/instant.ts'
import { type Outcome, reasonOf } from './outcome.ts'
import type { RetryPolicy } from './retry-policy.ts'
import type { TaskMessage } from './task-message.ts'
import type { Verdict } from './verdict.ts'

/** How often the death of its worker may interrupt a run before the run itself is suspected. */
export const interruptionLimit = 3

/**
 * What becomes of a message whose attempt ended so. Pure.
 *
 * A failure is retried while the policy allows and the retry would still come before `expires`. When no attempt
 * follows, an occurrence with a successor is acknowledged (the journal tells of it), anything else becomes a dead
 * letter. What was interrupted is given back: it did not have its turn, but for what was
 * cancelled.
 */
export function judge(
  outcome: Outcome,
  message: TaskMessage,
  policy: RetryPolicy,
  at: { readonly now: Instant; readonly random: Random },
): Verdict {
  switch (outcome.kind) {
    case 'succeeded':
    case 'skipped':
    case 'expired':
    case 'revoked':
      return { kind: 'ack' }
    case 'interrupted':
      if (outcome.cancelled) return { kind: 'ack' }
      return policy.once ? final(outcome, message) : { kind: 'release' }
    case 'failed':
      if (outcome.permanent || !retriesExitCode(policy, outcome.exitCode)) return final(outcome, message)
      return retryOrFinal(outcome, message, policy, at)
    case 'timedOut':
      if (policy.exitCodes) return final(outcome, message)
      return retryOrFinal(outcome, message, policy, at)
    case 'retryAsked':
      return retryOrFinal(outcome, message, policy, at, outcome.delay)
  }
}

function retriesExitCode(policy: RetryPolicy, exitCode: number | undefined): boolean {
  return !policy.exitCodes || (exitCode !== undefined && policy.exitCodes.includes(exitCode))
}

function retryOrFinal(
  outcome: Outcome,
  message: TaskMessage,
  policy: RetryPolicy,
  at: { readonly now: Instant; readonly random: Random },
  asked?: Milliseconds,
): Verdict {
  if (message.attempt > policy.max) return final(outcome, message)
  const delay = asked ?? backoffDelay(policy.backoff, message.attempt, at.random)
  const next = plus(at.now, delay)
  if (message.expires !== undefined && next >= message.expires) return final(outcome, message)
  return { kind: 'retry', at: next }
}

function final(outcome: Outcome, message: TaskMessage): Verdict {
  if (message.occurrence?.replaceable) return { kind: 'ack' }
  return { kind: 'deadLetter', reason: reasonOf(outcome) ?? outcome.kind }
}

/** What asked to be tried again, and is not, has failed. */
export function outcomeAfter(outcome: Outcome, verdict: Verdict): Outcome {
  if (outcome.kind !== 'retryAsked' || verdict.kind === 'retry') return outcome
  const { delay: _delay, ...rest } = outcome
  return { ...rest, kind: 'failed' }
}
