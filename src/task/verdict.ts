import type { Instant } from '../core/instant.ts'

/**
 * What is to become of a message; a delivery is settled with exactly one.
 *
 * - `ack`: it is done with, whatever its outcome was; the journal knows.
 * - `retry`: it comes back as the next attempt, not before `at`.
 * - `release`: it comes back as the same attempt, not before `at` (default: at once): it never really had its turn.
 * - `deadLetter`: nothing will replace it, so it is set aside for a person to see, with the reason.
 */
export type Verdict =
  | { readonly kind: 'ack' }
  | { readonly kind: 'retry'; readonly at: Instant }
  | { readonly kind: 'release'; readonly at?: Instant }
  | { readonly kind: 'deadLetter'; readonly reason: string }
