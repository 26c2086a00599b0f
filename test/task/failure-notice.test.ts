import { expect, test } from 'vitest'
import { instant } from '../../src/core/instant.ts'
import { isUuid, newUuid } from '../../src/core/uuid.ts'
import {
  type Failure,
  failureNotice,
  failureOutcome,
  isFailureNotice,
} from '../../src/task/failure-notice.ts'
import { aMessage } from '../support/messages.ts'

const now = instant(Date.UTC(2026, 10, 22))
const target = { task: 'notify', queue: 'mail' }
const failure: Failure = {
  entry: undefined,
  task: 'demo',
  id: newUuid(),
  due: undefined,
  outcome: 'failed',
  error: 'exit code 3',
  attempts: 2,
  host: 'here',
}

test('a notice of one failure has the same id whoever sends it, and another for another attempt', () => {
  const { id } = failureNotice(failure, target, now)
  expect(isUuid(id)).toBe(true)
  expect(failureNotice({ ...failure, host: 'there', error: 'other' }, target, instant(now + 1)).id).toBe(id)
  expect(failureNotice({ ...failure, attempts: 3 }, target, now).id).not.toBe(id)
})

test('a notice is known for what it is, and nothing else is', () => {
  const notice = failureNotice(failure, target, now)
  expect(isFailureNotice(notice)).toBe(true)
  expect(isFailureNotice(aMessage())).toBe(false)
  expect(isFailureNotice(aMessage({ kwargs: notice.kwargs }))).toBe(false)
})

test('of the output the end travels, and of the error its beginning', () => {
  const output = { head: 'a'.repeat(70_000), tail: 'b'.repeat(70_000), omittedBytes: 5 }
  const { kwargs } = failureNotice({ ...failure, output, error: 'e'.repeat(5_000) }, target, now)
  expect(kwargs.output).toBe(`…${'b'.repeat(4_000)}`)
  expect(kwargs.error).toBe('e'.repeat(1_000))
  const short = { head: 'hea', tail: 'd\n', omittedBytes: 0 }
  expect(failureNotice({ ...failure, output: short }, target, now).kwargs.output).toBe('head\n')
})

test.each([
  ['failed', 'deadLetter', 'failed'],
  ['failed', 'ack', 'failed'],
  ['timedOut', 'ack', 'timed_out'],
  ['interrupted', 'ack', 'interrupted'],
  ['failed', 'retry', undefined],
  ['interrupted', 'release', undefined],
  ['succeeded', 'ack', undefined],
  ['skipped', 'ack', undefined],
  ['expired', 'ack', undefined],
  ['revoked', 'ack', undefined],
] as const)('what %s with the verdict %s is told as %s', (outcome, verdict, told) => {
  expect(failureOutcome(outcome, verdict)).toBe(told)
})
