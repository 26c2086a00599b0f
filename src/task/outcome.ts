import { describeDuration } from '../core/duration.ts'
import type { Instant, Milliseconds } from '../core/instant.ts'
import type { ErrorReport } from './run-result.ts'

/** What one attempt left behind of what it printed: the beginning and the end, with the count of what is between. */
export interface Output {
  readonly head: string
  readonly tail: string
  readonly omittedBytes: number
}

/**
 * How an attempt ended. Every ending is a value; nothing is thrown for it.
 *
 * | kind        | meaning                                                                       |
 * |-------------|-------------------------------------------------------------------------------|
 * | succeeded   | the task did what it does                                                     |
 * | failed      | it said that it could not: exit code, signal, exception, or it could not start |
 * | timedOut    | its limit was reached and it was killed                                       |
 * | retryAsked  | it asked to be tried again (exit code 75, `ctx.retry()`)                      |
 * | interrupted | the worker stopped it, or died under it; or it was cancelled while it ran     |
 * | skipped     | it never started: another run of its entry executes                           |
 * | expired     | it never started: too late                                                    |
 * | revoked     | it never started: its entry was removed or changed, or it was cancelled       |
 */
export type Outcome =
  | {
      readonly kind: 'succeeded'
      readonly result?: unknown
      /** Why what it returned is not there. */
      readonly dropped?: string
      readonly output?: Output
    }
  | {
      readonly kind: 'failed'
      readonly reason: string
      readonly exitCode?: number
      readonly signal?: string
      /** The task itself says that trying again is no use. */
      readonly permanent?: boolean
      /** What was thrown, where something was. */
      readonly error?: ErrorReport
      readonly output?: Output
    }
  | { readonly kind: 'timedOut'; readonly limit: Milliseconds; readonly output?: Output }
  | {
      readonly kind: 'retryAsked'
      readonly reason: string
      /** That of a command: 75. */
      readonly exitCode?: number
      readonly delay?: Milliseconds
      readonly output?: Output
    }
  | {
      readonly kind: 'interrupted'
      readonly reason: string
      /** It was cancelled while it ran: it does not come again. */
      readonly cancelled?: true
      readonly output?: Output
    }
  | { readonly kind: 'skipped'; readonly reason: string }
  | { readonly kind: 'expired'; readonly at: Instant; readonly reason: string }
  | { readonly kind: 'revoked'; readonly reason: string }

export type OutcomeKind = Outcome['kind']

const kinds: Readonly<Record<OutcomeKind, true>> = {
  succeeded: true,
  failed: true,
  timedOut: true,
  retryAsked: true,
  interrupted: true,
  skipped: true,
  expired: true,
  revoked: true,
}

/** All there are. */
export const outcomeKinds = Object.keys(kinds) as readonly OutcomeKind[]

export function isOutcomeKind(value: unknown): value is OutcomeKind {
  return typeof value === 'string' && Object.hasOwn(kinds, value)
}

/** What an outcome has to say beyond its kind, for one line of a log; undefined = nothing. */
export function reasonOf(outcome: Outcome): string | undefined {
  switch (outcome.kind) {
    case 'failed':
    case 'retryAsked':
    case 'interrupted':
    case 'skipped':
    case 'expired':
    case 'revoked':
      return outcome.reason
    case 'timedOut':
      return `its time limit of ${describeDuration(outcome.limit)} was reached`
    default:
      return undefined
  }
}
