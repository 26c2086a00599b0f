import { type Milliseconds, milliseconds } from './instant.ts'

/** A number in [0, 1), as Math.random gives it; injected, so that a test can repeat a run. */
export type Random = () => number

export interface Backoff {
  readonly firstMs: number
  readonly factor: number
  readonly longestMs: number
  /** `full` spreads over the whole of [0, delay): a crowd that failed together does not return together. */
  readonly jitter: 'none' | 'full'
}

/**
 * How long to wait after the n-th failure in a row (n from 1): first × factor^(n-1), at most `longest`.
 * With {10 s, 2, 10 min}: 10 s, 20 s, 40 s, 80 s, 160 s, 320 s, 600 s, 600 s …
 */
export function backoffDelay(backoff: Backoff, failures: number, random: Random): Milliseconds {
  const delay = Math.min(backoff.longestMs, backoff.firstMs * backoff.factor ** (failures - 1))
  return milliseconds(Math.round(backoff.jitter === 'full' ? delay * random() : delay))
}
