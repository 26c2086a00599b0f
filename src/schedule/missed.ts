import { type Instant, instant, type Milliseconds, milliseconds } from '../core/instant.ts'
import type { Entry } from './entry.ts'
import type { EntrySpec } from './entry-spec.ts'

/**
 * What becomes of occurrences that are late: due by now, and not emitted yet, because the beat or the broker was down,
 * the machine slept, or the clock jumped. With T = 5 s ago, older ones being *missed*, the entry's policy says:
 *
 *     latest   the newest is emitted, unless it is missed and outside the window; older ones are superseded
 *     skip     the missed are not emitted; of those since T the newest is
 *     all      each is emitted, oldest first: of the missed those within the window, and at most the newest 1,000
 *
 * What is not emitted gives a record per reason. A record is counted to 10,000 and not beyond, and nothing here walks
 * what it skips, so that a year of missed seconds costs what a missed minute costs.
 *
 * The judgement is a pure function of (entry, due, now). With a later now it emits nothing that is before what it
 * would have emitted earlier: a beat that takes over judges what its predecessor had not yet emitted once more.
 */
export interface Judgement {
  /** The first occurrence that is emitted: late itself, or else the first that is still to come. */
  readonly resume: Instant | undefined
  /** In order of time; `due` is the first of the first record, unless there is none. */
  readonly missed: readonly Missed[]
}

/** Occurrences of one entry, next to each other, that were due and are not emitted. */
export interface Missed {
  readonly entry: string
  readonly first: Instant
  readonly last: Instant
  /** How many lie in [first, last]; no more than 10,000 are counted. */
  readonly count: number
  /** False: there are more than `count`. */
  readonly exact: boolean
  readonly reason: MissedReason
}

/**
 * Why: a newer one stands for them, their window had passed, the policy is
 * to skip, there were more than are made up for.
 */
export type MissedReason = 'superseded' | 'tooOld' | 'policy' | 'tooMany'

const tolerance = milliseconds(5_000)
const hour = milliseconds(3_600_000)
const day = milliseconds(86_400_000)
const mostMadeUp = 1_000
const mostCounted = 10_000

/** How old a missed occurrence may be to be emitted: `missed_window`, by default 1 h for `at` and 1 d for `all`. */
export function missedWindow(spec: EntrySpec): Milliseconds | undefined {
  if (spec.missedWindow !== undefined) return spec.missedWindow
  if (spec.timings.some((timing) => timing.kind === 'at')) return hour
  return spec.missed === 'all' ? day : undefined
}

/** Judges an entry whose first occurrence that is not yet emitted, `due`, is late. */
export function judgeLate(entry: Entry, due: Instant, now: Instant): Judgement {
  switch (entry.spec.missed) {
    case 'latest':
      return judgeLatest(entry, due, now)
    case 'skip':
      return judgeSkip(entry, due, now)
    case 'all':
      return judgeAll(entry, due, now)
  }
}

function judgeLatest(entry: Entry, due: Instant, now: Instant): Judgement {
  const newest = entry.timeline.previous(after(now)) ?? due
  if (newest >= oldestKept(entry, now)) return leaveOut(entry, due, newest, 'superseded')
  return leaveOut(entry, due, after(newest), 'tooOld')
}

function judgeSkip(entry: Entry, due: Instant, now: Instant): Judgement {
  const skipped = leaveOut(entry, due, instant(now - tolerance), 'policy')
  const { resume } = skipped
  const newest = entry.timeline.previous(after(now))
  if (resume === undefined || resume > now || newest === undefined) return skipped
  return both(skipped, leaveOut(entry, resume, newest, 'superseded'))
}

function judgeAll(entry: Entry, due: Instant, now: Instant): Judgement {
  const kept = leaveOut(entry, due, instant(oldestKept(entry, now)), 'tooOld')
  const { resume } = kept
  if (resume === undefined || entry.timeline.count(before(resume), now, mostMadeUp + 1) <= mostMadeUp)
    return kept
  let oldest = after(now)
  for (let made = 0; made < mostMadeUp; made++) oldest = entry.timeline.previous(oldest) ?? oldest
  return both(kept, leaveOut(entry, resume, oldest, 'tooMany'))
}

/** The instant before which the window has passed; what is not even missed is never too old. */
function oldestKept(entry: Entry, now: Instant): number {
  const window = missedWindow(entry.spec)
  return window === undefined ? Number.NEGATIVE_INFINITY : now - Math.max(window, tolerance)
}

/** Emits nothing of what is due in [due, until); `due` is an occurrence, `until` need not be one. */
function leaveOut(entry: Entry, due: Instant, until: Instant, reason: MissedReason): Judgement {
  if (until <= due) return { resume: due, missed: [] }
  const last = entry.timeline.previous(until) ?? due
  return { resume: entry.timeline.next(before(until)), missed: [record(entry, due, last, reason)] }
}

function both(first: Judgement, then: Judgement): Judgement {
  return { resume: then.resume, missed: [...first.missed, ...then.missed] }
}

function record(entry: Entry, first: Instant, last: Instant, reason: MissedReason): Missed {
  const count = entry.timeline.count(before(first), last, mostCounted + 1)
  const exact = count <= mostCounted
  return { entry: entry.spec.name, first, last, count: Math.min(count, mostCounted), exact, reason }
}

function before(at: number): Instant {
  return instant(at - 1)
}

function after(at: number): Instant {
  return instant(at + 1)
}
