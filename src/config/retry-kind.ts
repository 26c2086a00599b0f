import { formatDuration } from '../core/duration.ts'
import { milliseconds } from '../core/instant.ts'
import { defaultBackoff, type RetryPolicy } from '../task/retry-policy.ts'
import { type Kind, listOf, oneOf } from './kind.ts'
import { isGiven, readSection, type Section, sectionSchema } from './section.ts'
import { duration, factor, wholeNumber } from './simple-kinds.ts'

const attempts = wholeNumber(0, 1_000)

interface RetryValues {
  readonly max: number
  readonly delay: number
  readonly factor: number
  readonly max_delay: number
  readonly jitter: 'none' | 'full'
  readonly exit_codes: readonly number[]
}

export const retryKeys: Section<RetryValues> = {
  keys: {
    max: { kind: attempts, doc: 'Attempts after the first. Required.' },
    delay: { kind: duration(0), doc: 'Wait before the first of them.', default: '10s' },
    factor: {
      kind: factor(1, 100),
      doc: 'Each wait is this many times as long as the one before.',
      default: '2',
    },
    max_delay: { kind: duration(0), doc: 'The longest wait.', default: '10m' },
    jitter: {
      kind: oneOf(['full', 'none']),
      doc: '`full` waits a random part of the time, so that a crowd that failed together does not return together.',
      default: 'full',
    },
    exit_codes: {
      kind: listOf(wholeNumber(1, 255), 'a list of exit codes', 1),
      doc: 'Only these are tried again; 75 always is.',
      default: 'any failure',
    },
  },
}

/** A number of attempts after the first, or the whole policy. */
export const retry: Kind<RetryPolicy> = {
  expected: 'a number of attempts, or a map with max',
  get schema() {
    return { anyOf: [attempts.schema, { ...sectionSchema(retryKeys), required: ['max'] }] }
  },
  read(at) {
    if (at.node.kind === 'scalar') {
      if (typeof at.node.value !== 'number') return at.mismatch(this.expected)
      const max = attempts.read(at)
      return max === undefined ? undefined : { max, backoff: defaultBackoff }
    }
    if (at.node.kind !== 'map') return at.mismatch(this.expected)
    const given = readSection(at, retryKeys)
    if (!given) return undefined
    if (!given.max)
      return isGiven(at, 'max') ? undefined : at.problem('max is missing: how often to try again')
    const firstMs = given.delay?.value ?? defaultBackoff.firstMs
    if (given.max_delay && given.max_delay.value < firstMs) {
      const [wait, never] = [given.max_delay.value, firstMs].map((ms) => formatDuration(milliseconds(ms)))
      given.max_delay.at.warning(`shorter than delay: every wait is ${wait}, and none ${never}`)
    }
    return {
      max: given.max.value,
      backoff: {
        firstMs,
        factor: given.factor?.value ?? defaultBackoff.factor,
        longestMs: given.max_delay?.value ?? defaultBackoff.longestMs,
        jitter: given.jitter?.value ?? defaultBackoff.jitter,
      },
      ...(given.exit_codes && { exitCodes: given.exit_codes.value }),
    }
  },
}
