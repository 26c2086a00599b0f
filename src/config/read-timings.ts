import type { Instant } from '../core/instant.ts'
import type { Timing } from '../schedule/entry-spec.ts'
import { type LocalDateTime, parseLocalDateTime } from '../schedule/local-time.ts'
import type { AnyValues } from './entry-keys.ts'
import type { Given } from './kind.ts'
import type { Place } from './place.ts'
import { isGiven, type Values } from './section.ts'

/** The rules by which it is due, all of one kind. */
export function readTimings(
  at: Place,
  given: Values<AnyValues>,
  timezone: string,
): readonly Timing[] | undefined {
  const [kind, other] = (['cron', 'every', 'at'] as const).filter((key) => isGiven(at, key))
  // A merge key, refused where it is read, was to bring what is missing.
  if (kind === undefined && isGiven(at, '<<')) return undefined
  if (kind === undefined) return at.problem('when is it due? one of cron, every and at is missing')
  if (other !== undefined)
    return at.problem(`one of cron, every and at says when it is due, not both ${kind} and ${other}`)
  if (given.anchor && kind !== 'every') given.anchor.at.problem(`of use beside every, not beside ${kind}`)
  if (given.cron) return given.cron.value.map(({ value }) => ({ kind: 'cron', expression: value }))
  refuseLongJitter(given)
  if (given.every) return [{ kind: 'every', period: given.every.value }]
  if (!given.at) return undefined
  const times = given.at.value.map((moment) => readMoment(moment, timezone))
  if (!times.every((time) => time !== undefined)) return undefined
  return times.map(({ at: instant, remark }) => ({
    kind: 'at',
    instant,
    ...(remark !== undefined && { remark }),
  }))
}

/** It moves the start within the period, not past the next. */
function refuseLongJitter({ every, jitter }: Values<AnyValues>): void {
  if (every && jitter && jitter.value >= every.value)
    jitter.at.problem('expected less than the period of every, got as much or more')
}

/** Between them something may be due. */
export function refuseEndBeforeStart({ start, end }: Values<AnyValues>, timezone: string): void {
  const times = [start, end].map((each) => each && parseLocalDateTime(each.value, timezone))
  const [from, to] = times.map((time) => (time && 'at' in time ? time.at : undefined))
  if (from !== undefined && to !== undefined && to < from) end?.at.problem('expected a time after start')
}

/** What a time means in a zone. */
export function toInstant(moment: Given<string>, timezone: string): Instant | undefined {
  return readMoment(moment, timezone)?.at
}

/** That it does not exist in its zone, or comes twice, is worth a warning. */
function readMoment({ value, at }: Given<string>, timezone: string): LocalDateTime | undefined {
  const time = at.settle(parseLocalDateTime(value, timezone))
  if (time?.remark !== undefined) at.warning(time.remark)
  return time
}
