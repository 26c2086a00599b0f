import type { BeatEvent, NextRun } from '../beat/beat-event.ts'
import type { EntryDiff, ScheduleDiff } from '../beat/schedule-diff.ts'
import { describeDuration } from '../core/duration.ts'
import { describeError } from '../core/errors.ts'
import { type Instant, milliseconds, toIso } from '../core/instant.ts'
import { describeMissedReason } from '../task/missed-words.ts'
import type { Line } from './line.ts'
import { describeDifference } from './schedule-difference.ts'

export function narrateBeat(event: BeatEvent): Line {
  switch (event.kind) {
    case 'scheduleLoaded':
    case 'scheduleReloaded':
      return narrateSchedule(event)
    case 'standingBy':
      return {
        level: event.sameSchedule ? 'info' : 'warn',
        message:
          (event.leader
            ? `standing by: the beat on ${event.leader.host}, pid ${event.leader.pid}, leads`
            : 'standing by') +
          (event.sameSchedule
            ? ''
            : ` with another schedule than that of ${event.host}${describeDifference(event.difference)}`),
        fields: { leader: event.leader?.host, leader_pid: event.leader?.pid },
      }
    case 'scheduleDiffered':
      return {
        level: 'warn',
        message: `the beat on ${event.theirs.host} led with another schedule; from now on the one of ${event.host} holds`,
        fields: { host: event.host, theirs: event.theirs.host, theirHash: event.theirs.scheduleHash },
      }
    case 'leadershipTaken':
      return {
        level: 'info',
        message: event.cursor
          ? `leading; everything is emitted through ${local(event.cursor.due)}`
          : 'leading',
        fields: { epoch: event.epoch },
      }
    case 'leadershipLost':
      return {
        level: 'warn',
        message: `another beat may lead now, standing by: ${describeError(event.error)}`,
        fields: { epoch: event.epoch },
      }
    case 'leadershipResigned':
      return { level: 'info', message: 'no longer leading', fields: { epoch: event.epoch } }
    case 'candidacyFailed':
      return { level: 'error', message: `cannot ask who leads: ${describeError(event.error)}`, fields: {} }
    case 'nothingBefore':
      return {
        level: 'info',
        message: `nothing before ${local(event.at)} will be emitted`,
        fields: { at: toIso(event.at) },
      }
    case 'occurrencesEmitted':
      return {
        level: 'debug',
        message: `emitted ${event.count === 1 ? describeFirst(event) : `${event.count} occurrences`}`,
        fields: { count: event.count, through: toIso(event.through.due) },
      }
    case 'emissionsChanged':
      return {
        level: 'info',
        message: `of what was emitted ahead, ${event.added} added, ${event.replaced} replaced, ${event.revoked} revoked`,
        fields: { added: event.added, replaced: event.replaced, revoked: event.revoked },
      }
    case 'occurrenceMissed':
      return narrateMissed(event)
    default:
      return narrateTrouble(event)
  }
}

type Trouble = Extract<
  BeatEvent,
  {
    kind:
      | `emission${'Failed' | 'Recovered'}`
      | 'entryRefused'
      | `record${string}`
      | `clock${string}`
      | `cursor${string}`
  }
>

function narrateTrouble(event: Trouble): Line {
  switch (event.kind) {
    case 'entryRefused':
      return {
        level: 'error',
        message: `nothing of ${event.entry} can be emitted: ${describeError(event.error)}`,
        fields: { entry: event.entry },
      }
    case 'emissionFailed':
      return { level: 'error', message: `nothing can be emitted: ${describeError(event.error)}`, fields: {} }
    case 'emissionRecovered':
      return {
        level: 'info',
        message: `emitting again after ${describeDuration(event.lasted)}`,
        fields: { failures: event.failures, lasted_ms: event.lasted },
      }
    case 'recordFailed':
      return {
        level: 'error',
        message: `the beat's own record cannot be written, emission goes on: ${describeError(event.error)}`,
        fields: {},
      }
    case 'recordRecovered':
      return { level: 'info', message: "the beat's own record can be written again", fields: {} }
    case 'clockStepped':
      return {
        level: 'warn',
        message:
          `the clock was ${event.by < 0 ? 'set back' : 'set forward, or the machine slept,'} by ${describeDuration(event.by)}` +
          (event.suspect ? '; nothing is emitted until it has been steady for a minute' : ''),
        fields: { by_ms: event.by },
      }
    case 'clockStable':
      return { level: 'info', message: 'the clock has been steady for a minute, emitting again', fields: {} }
    case 'clockBehind':
      return {
        level: 'warn',
        message: `the clock is behind what is emitted already; emission resumes at ${local(event.resumesAt)}`,
        fields: { resumes_at: toIso(event.resumesAt), cursor: toIso(event.cursor.due) },
      }
    case 'clockCaughtUp':
      return { level: 'info', message: 'the clock has caught up, emitting again', fields: {} }
    case 'cursorAhead':
      return {
        level: 'error',
        message:
          `everything is said to be emitted through ${local(event.cursor.due)}, hours from now: ` +
          'a wrong clock must have said so. If the clock stays steady for a minute, emission begins anew from now',
        fields: { cursor: toIso(event.cursor.due) },
      }
    case 'cursorReset':
      return {
        level: 'error',
        message: `the cursor was set from ${local(event.from.due)} to ${local(event.to.due)}; emission begins anew`,
        fields: { from: toIso(event.from.due), to: toIso(event.to.due), epoch: event.epoch },
      }
  }
}

function narrateSchedule(event: Extract<BeatEvent, { kind: 'scheduleLoaded' | 'scheduleReloaded' }>): Line {
  const { entries, next, changes } = event
  const verb = event.kind === 'scheduleLoaded' ? 'loaded' : 'reloaded'
  const parts = [
    `schedule ${verb}: ${entries} ${entries === 1 ? 'entry' : 'entries'}`,
    describeNext(next),
    // All of a first schedule is new.
    changes.added === entries ? '' : describeDiff(changes),
  ]
  return {
    level: 'info',
    message: parts.filter((part) => part !== '').join(', '),
    fields: { entries, added: changes.added, changed: changes.changed, removed: changes.removed },
  }
}

function describeNext(next: NextRun | undefined): string {
  return next ? `next ${next.entry} at ${local(next.eta)}` : 'nothing is due'
}

/** The first few by name, with the next run before and after. */
function describeDiff({ added, changed, removed, details }: ScheduleDiff): string {
  if (added + changed + removed === 0) return ''
  const shown = details.slice(0, 5).map(describeEntry)
  const more = added + changed + removed - shown.length
  return [...shown, ...(more > 0 ? [`and ${more} more changes`] : [])].join(', ')
}

function describeEntry({ kind, entry, nextBefore, nextAfter }: EntryDiff): string {
  const when = (at: Instant | undefined): string => (at === undefined ? 'never' : local(at))
  if (kind === 'added') return `+${entry} (next ${when(nextAfter)})`
  if (kind === 'removed') return `-${entry} (was ${when(nextBefore)})`
  return `~${entry} (next ${when(nextBefore)} → ${when(nextAfter)})`
}

function narrateMissed(event: Extract<BeatEvent, { kind: 'occurrenceMissed' }>): Line {
  const { entry, first, last, count, exact, reason } = event
  const many = exact
    ? `${count} occurrence${count === 1 ? '' : 's'}`
    : `more than ${count.toLocaleString('en')} occurrences`
  const span =
    first === last
      ? `at ${local(first)}`
      : exact
        ? `from ${local(first)} to ${local(last)}`
        : `since ${local(first)}`
  return {
    level: 'warn',
    message: `${entry} missed ${many} ${span}: ${describeMissedReason(reason)}`,
    fields: { entry, count, exact, reason, first: toIso(first), last: toIso(last) },
  }
}

function describeFirst(event: Extract<BeatEvent, { kind: 'occurrencesEmitted' }>): string {
  const [first] = event.occurrences
  return first
    ? `${first.entry}, due in ${describeDuration(milliseconds(first.eta - Date.now()))}`
    : '1 occurrence'
}

/** Local time to the second, with the date where it is not today's: for people who read the log where it is written. */
function local(at: Instant): string {
  const date = new Date(at)
  const pad = (part: number): string => String(part).padStart(2, '0')
  const time = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`
  return date.toDateString() === new Date().toDateString() ? time : `${day} ${time}`
}
