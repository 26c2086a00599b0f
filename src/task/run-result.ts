import { describeDuration } from '../core/duration.ts'
import type { Instant } from '../core/instant.ts'
import { isMap } from '../core/is-map.ts'
import { isOutcomeKind, type Outcome, type OutcomeKind, reasonOf } from './outcome.ts'
import type { Undecodable } from './parse-task-message.ts'
import type { Verdict } from './verdict.ts'

/** An error as it travels: no stack, which speaks of the worker's files, and no cause. */
export interface ErrorReport {
  /** The class of what was thrown, `TypeError`; where nothing was thrown, what happened: `TimedOut`. */
  readonly name: string
  readonly message: string
}

/** How a run ended for good, as whoever sent it is told. Of attempts that another follows nothing is told. */
export type RunResult =
  /** `value` is JSON, and not there when the task returned nothing. `dropped`: why what it returned is not there. */
  | { readonly outcome: 'succeeded'; readonly value?: unknown; readonly dropped?: string }
  | {
      readonly outcome: Exclude<OutcomeKind, 'succeeded'>
      readonly error: ErrorReport
      /** Of a command that ended by itself. */
      readonly exitCode?: number
    }

/** A result, and until when it can be asked for. */
export interface KeptResult {
  readonly result: RunResult
  readonly forgetAt: Instant
}

/** For how long a result can be asked for, where a task says nothing. */
export const defaultResultTtlMs = 86_400_000

/** The result of a run whose last attempt ended so; undefined when it comes again. Pure. */
export function resultOf(outcome: Outcome, verdict: Verdict): RunResult | undefined {
  if (verdict.kind === 'retry' || verdict.kind === 'release') return undefined
  if (outcome.kind === 'succeeded') {
    const { dropped } = outcome
    if (dropped !== undefined) return { outcome: 'succeeded', dropped }
    return { outcome: 'succeeded', ...('result' in outcome ? { value: outcome.result } : {}) }
  }
  const exitCode = 'exitCode' in outcome ? { exitCode: outcome.exitCode } : {}
  return { outcome: outcome.kind, error: errorOf(outcome), ...exitCode }
}

function errorOf(outcome: Exclude<Outcome, { kind: 'succeeded' }>): ErrorReport {
  if (outcome.kind === 'failed' && outcome.error) return outcome.error
  if (outcome.kind === 'timedOut')
    return { name: 'TimedOut', message: `its time limit of ${describeDuration(outcome.limit)} was reached` }
  return { name: names[outcome.kind], message: reasonOf(outcome) ?? outcome.kind }
}

const names = {
  failed: 'TaskError',
  retryAsked: 'RetryAsked',
  interrupted: 'Interrupted',
  skipped: 'Skipped',
  expired: 'Expired',
  revoked: 'Revoked',
} as const

/** What became of a run, as far as can be seen from outside. */
export type RunState =
  /** For its time, for a worker, or for its next attempt. */
  | { readonly state: 'waiting' }
  | { readonly state: 'running' }
  | { readonly state: 'ended'; readonly result: RunResult }
  /** Nobody who was asked knows it: it was never sent, or it ended so long ago that it is forgotten. */
  | { readonly state: 'unknown' }

/** A result that came from outside, or the reason why it is none. */
export function parseRunResult(value: unknown): RunResult | Undecodable {
  if (!isMap(value)) return { problem: 'it is no map' }
  const { outcome, error, exitCode, dropped } = value
  if (outcome === 'succeeded') {
    if (typeof dropped === 'string') return { outcome, dropped }
    return { outcome, ...(Object.hasOwn(value, 'value') ? { value: value.value } : {}) }
  }
  if (!isOutcomeKind(outcome)) return { problem: 'it has no outcome that is known' }
  if (!isMap(error) || typeof error.name !== 'string' || typeof error.message !== 'string')
    return { problem: 'its error has no name and message' }
  return {
    outcome,
    error: { name: error.name, message: error.message },
    ...(isExitCode(exitCode) && { exitCode }),
  }
}

function isExitCode(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 255
}
