import { describe, expect, test } from 'vitest'
import { instant, milliseconds } from '../../src/core/instant.ts'
import { judge } from '../../src/task/judge.ts'
import type { Outcome } from '../../src/task/outcome.ts'
import type { RetryPolicy } from '../../src/task/retry-policy.ts'
import { aMessage, anOccurrence } from '../support/messages.ts'

const now = instant(1_000_000)
const policy = (change: Partial<RetryPolicy> = {}): RetryPolicy => ({
  max: 2,
  backoff: { firstMs: 10_000, factor: 2, longestMs: 600_000, jitter: 'none' },
  ...change,
})
const failed: Outcome = { kind: 'failed', reason: 'exit code 3', exitCode: 3 }
const verdict = (outcome: Outcome, message = aMessage(), by = policy()) =>
  judge(outcome, message, by, { now, random: () => 0.5 })

describe('what becomes of a message', () => {
  test.each<Outcome>([
    { kind: 'succeeded' },
    { kind: 'skipped', reason: 'another run executes' },
    { kind: 'expired', at: now, reason: 'too late' },
    { kind: 'revoked', reason: 'removed' },
  ])('that $kind: it is done with', (outcome) => {
    expect(verdict(outcome)).toEqual({ kind: 'ack' })
  })

  test('that was interrupted: it is given back', () => {
    expect(verdict({ kind: 'interrupted', reason: 'the worker stops' })).toEqual({ kind: 'release' })
  })

  test('that failed: it is tried again, later from attempt to attempt', () => {
    expect(verdict(failed)).toEqual({ kind: 'retry', at: now + 10_000 })
    expect(verdict(failed, aMessage({ attempt: 2 }))).toEqual({ kind: 'retry', at: now + 20_000 })
  })

  test('that failed for the last time: it is set aside, unless a successor will replace it', () => {
    expect(verdict(failed, aMessage({ attempt: 3 }))).toEqual({ kind: 'deadLetter', reason: 'exit code 3' })
    const replaceable = anOccurrence('nightly', { replaceable: true }, { attempt: 3 })
    expect(verdict(failed, replaceable)).toEqual({ kind: 'ack' })
  })

  test('that would be tried again after it has expired: that was its last attempt', () => {
    const message = aMessage({ expires: instant(now + 10_000) })
    expect(verdict(failed, message)).toEqual({ kind: 'deadLetter', reason: 'exit code 3' })
  })

  test('whose exit code is not among those that are tried again', () => {
    expect(verdict(failed, aMessage(), policy({ exitCodes: [4] }))).toMatchObject({ kind: 'deadLetter' })
    expect(verdict(failed, aMessage(), policy({ exitCodes: [3] }))).toMatchObject({ kind: 'retry' })
    const timedOut: Outcome = { kind: 'timedOut', limit: milliseconds(1) }
    expect(verdict(timedOut, aMessage(), policy({ exitCodes: [3] }))).toMatchObject({ kind: 'deadLetter' })
  })

  test('that asked to be tried again: with the delay that it asked for, as long as the policy allows', () => {
    const asked: Outcome = { kind: 'retryAsked', reason: 'busy', delay: milliseconds(500) }
    expect(verdict(asked, aMessage(), policy({ exitCodes: [3] }))).toEqual({ kind: 'retry', at: now + 500 })
    expect(verdict(asked, aMessage(), policy({ max: 0 }))).toEqual({ kind: 'deadLetter', reason: 'busy' })
  })

  test('that says itself that trying again is no use', () => {
    expect(verdict({ ...failed, permanent: true })).toMatchObject({ kind: 'deadLetter' })
  })
})
