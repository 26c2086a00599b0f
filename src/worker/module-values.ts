import { parseDuration } from '../core/duration.ts'
import type { Milliseconds } from '../core/instant.ts'
import { defaultBackoff, type RetryPolicy } from '../task/retry-policy.ts'

/** Why a value is not what was expected. */
export interface Refused {
  readonly hint: string
}

/** A length of time as modules write it. */
export function readLength(value: unknown): Milliseconds | Refused {
  const length = parseDuration(String(value))
  return typeof length === 'number'
    ? length
    : { hint: `expected a duration such as 10s or 1h30m, got ${value}; ${length.hint}` }
}

const mostAttempts = 1_000
const attempts = `a whole number from 0 to ${mostAttempts}`
const retryKeys = ['max', 'delay', 'factor', 'maxDelay', 'jitter']

/** How often a task is tried again, as the configuration says it but for exit codes, which are of commands. */
export function readRetry(value: unknown): RetryPolicy | Refused {
  if (isAttempts(value)) return { max: value, backoff: defaultBackoff }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { hint: `expected ${attempts}, or an object with max, got ${value}` }
  const unknown = Object.keys(value).find((key) => !retryKeys.includes(key))
  if (unknown !== undefined) return { hint: `${unknown}: ${unknownAmong(unknown, retryKeys)}` }
  const { firstMs, longestMs } = defaultBackoff
  const given: Readonly<Record<string, unknown>> = { ...defaultBackoff, ...value }
  const { max, factor, jitter } = given
  const delay = given.delay === undefined ? firstMs : readLength(given.delay)
  const maxDelay = given.maxDelay === undefined ? longestMs : readLength(given.maxDelay)
  if (!isAttempts(max)) return { hint: `max: expected ${attempts}, got ${max}` }
  if (typeof delay !== 'number') return { hint: `delay: ${delay.hint}` }
  if (typeof maxDelay !== 'number') return { hint: `maxDelay: ${maxDelay.hint}` }
  if (typeof factor !== 'number' || !(factor >= 1 && factor <= 100))
    return { hint: `factor: expected a number from 1 to 100, got ${factor}` }
  if (jitter !== 'full' && jitter !== 'none') return { hint: `jitter: expected full or none, got ${jitter}` }
  return { max, backoff: { firstMs: delay, factor, longestMs: maxDelay, jitter } }
}

/** `unknown option; did you mean timeout?`: what differs in case and underscores alone was meant, else all are named. */
export function unknownAmong(written: string, known: readonly string[]): string {
  const meant = known.find((key) => key.toLowerCase() === written.replaceAll('_', '').toLowerCase())
  return meant === undefined
    ? `unknown option; there are ${known.join(', ')}`
    : `unknown option; did you mean ${meant}?`
}

function isAttempts(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= mostAttempts
}
