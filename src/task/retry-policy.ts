import type { Backoff } from '../core/backoff.ts'

/** When a failed attempt is followed by another. */
export interface RetryPolicy {
  /** Attempts after the first. */
  readonly max: number
  readonly backoff: Backoff
  /** Only these exit codes are tried again (75 always is); undefined = any failure. */
  readonly exitCodes?: readonly number[]
  /** One attempt is made, however it ends: also what was interrupted is not given back. */
  readonly once?: true
}

export const defaultBackoff: Backoff = { firstMs: 10_000, factor: 2, longestMs: 600_000, jitter: 'full' }

/** The policy of a task that says nothing: a failure is final. */
export const noRetry: RetryPolicy = { max: 0, backoff: defaultBackoff }

/** The policy of a task that is to run at most once. */
export const atMostOnce: RetryPolicy = { ...noRetry, once: true }

/** EX_TEMPFAIL of sysexits(3): "try again later". */
export const exitCodeTryAgain = 75
