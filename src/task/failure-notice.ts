import { type Instant, toIso } from '../core/instant.ts'
import { uuidV5 } from '../core/uuid.ts'
import type { OutcomeKind, Output } from './outcome.ts'
import { defaultPriority, type TaskMessage } from './task-message.ts'
import type { Verdict } from './verdict.ts'

/** The task that is sent word of failures, and the queue where it waits. */
export interface FailureTarget {
  readonly task: string
  readonly queue: string
}

/** What there is to say of a run that has failed for good, or of occurrences that never became one. */
export interface Failure {
  readonly entry: string | undefined
  readonly task: string
  /** Of the run; where there was none, of the first occurrence that was missed. */
  readonly id: string
  readonly due: Instant | undefined
  readonly outcome: 'failed' | 'timed_out' | 'interrupted' | 'missed'
  readonly error: string
  readonly output?: Output
  /** 0 = it never became a run. */
  readonly attempts: number
  readonly host: string
}

/** No more of the output travels: the end of it, which says why. */
const longestOutput = 4_000
const longestError = 1_000

/** Ids of notices follow from what they tell of, so that one that is sent again is a copy, and is not run again. */
const namespace = '4b7c1d0e-6f55-4c1b-9a52-6d1f6f2b8a90'

/**
 * The message that an `on_failure` task is sent. Its keyword arguments are the failure's, in JSON: what is not there is
 * null, times are in UTC.
 */
export function failureNotice(failure: Failure, { task, queue }: FailureTarget, now: Instant): TaskMessage {
  const { entry, due, error, output, id, attempts } = failure
  return {
    id: noticeId(id, attempts),
    task,
    args: [],
    kwargs: {
      entry: entry ?? null,
      task: failure.task,
      id,
      due: due === undefined ? null : toIso(due),
      outcome: failure.outcome,
      error: error.slice(0, longestError),
      output: output ? endOf(output) : null,
      attempts,
      host: failure.host,
    },
    queue,
    priority: defaultPriority,
    eta: now,
    attempt: 1,
  }
}

/** Whether this message tells of a failure: its own is told to nobody but the log. */
export function isFailureNotice({ id, kwargs }: TaskMessage): boolean {
  const { id: of, attempts } = kwargs
  return typeof of === 'string' && typeof attempts === 'number' && id === noticeId(of, attempts)
}

/** As what a run is told that has ended so; undefined when it has not failed for good. */
export function failureOutcome(kind: OutcomeKind, verdict: Verdict['kind']): Failure['outcome'] | undefined {
  if (verdict !== 'ack' && verdict !== 'deadLetter') return undefined
  switch (kind) {
    case 'failed':
    case 'retryAsked':
      return 'failed'
    case 'timedOut':
      return 'timed_out'
    case 'interrupted':
      return 'interrupted'
    default:
      return undefined
  }
}

function noticeId(id: string, attempts: number): string {
  return uuidV5(namespace, `on_failure ${id} ${attempts}`)
}

function endOf({ head, tail, omittedBytes }: Output): string {
  const text = omittedBytes > 0 ? tail : head + tail
  return text.length > longestOutput ? `…${text.slice(-longestOutput)}` : text
}
