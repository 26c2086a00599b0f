import { type Instant, instant, plus, toIso } from '../core/instant.ts'
import { uuidV5 } from '../core/uuid.ts'
import { AtTimeline, emptyTimeline } from './at-timeline.ts'
import { ClippedTimeline, spansOfDays } from './clipped-timeline.ts'
import { cronTimeline } from './cron-cache.ts'
import type { EntrySpec, Timing } from './entry-spec.ts'
import { EveryTimeline } from './every-timeline.ts'
import { parseLocalDate } from './local-time.ts'
import { stableNumber } from './spec-hash.ts'
import type { Timeline } from './timeline.ts'
import { UnionTimeline } from './union-timeline.ts'
import { zoneOf } from './zone.ts'

/**
 * This folder answers one question: when is what due. It is pure, and reads no clock.
 *
 *     text ── parseCron, parseLocalDateTime ──▶ EntrySpec ── compileEntry ──▶ Entry ── Agenda ──▶ occurrences
 *                                                                            │
 *                                          Timeline: cron │ every │ at, joined (union) and cut (clipped)
 *
 * Its invariant: an entry's occurrences, their ids, ETAs and expiries follow from its spec alone. Nothing depends on
 * when or how often something is asked, nor on what ran before. So every beat derives the same from the same cursor,
 * and whoever takes over goes on exactly where the other one stopped.
 */
export interface Entry {
  readonly spec: EntrySpec
  /** Its slots, before jitter. That of a disabled entry is empty. */
  readonly timeline: Timeline
  /** When the occurrence shall start: due, moved by an offset in [0, jitter) that depends on the name alone. */
  etaOf(due: Instant): Instant
  /** The id of the occurrence: the UUIDv5, in `namespace`, of the name, a newline and due in UTC with milliseconds. */
  idOf(namespace: string, due: Instant): string
  /**
   * The implicit expiry of the first attempt: the ETA of the successor, which stands for it from then on. Undefined
   * with `missed: all` and `overlap: queue`, where each counts, and where there is no successor.
   */
  startByOf(due: Instant): Instant | undefined
  /** The explicit expiry, retries included: ETA + `expires`. */
  expiresOf(due: Instant): Instant | undefined
  /** Whether a failure may be let go because a successor will come: so it is, except with `missed: all`. */
  replaceable(due: Instant): boolean
}

/** Compiles what the configuration has validated; see `cronTimeline` for what it throws otherwise. */
export function compileEntry(spec: EntrySpec): Entry {
  return new CompiledEntry(spec, spec.enabled ? timelineOf(spec) : emptyTimeline)
}

/** A class only so that 100,000 entries share their functions. */
class CompiledEntry implements Entry {
  readonly spec: EntrySpec
  readonly timeline: Timeline
  readonly #offset: number

  constructor(spec: EntrySpec, timeline: Timeline) {
    this.spec = spec
    this.timeline = timeline
    this.#offset = spec.jitter ? stableNumber(spec.name, spec.jitter) : 0
  }

  etaOf(due: Instant): Instant {
    return instant(due + this.#offset)
  }

  idOf(namespace: string, due: Instant): string {
    return uuidV5(namespace, `${this.spec.name}\n${toIso(due)}`)
  }

  startByOf(due: Instant): Instant | undefined {
    if (this.spec.missed === 'all' || this.spec.overlap === 'queue') return undefined
    const successor = this.timeline.next(due)
    return successor === undefined ? undefined : this.etaOf(successor)
  }

  expiresOf(due: Instant): Instant | undefined {
    return this.spec.expires === undefined ? undefined : plus(this.etaOf(due), this.spec.expires)
  }

  replaceable(due: Instant): boolean {
    return this.spec.missed !== 'all' && this.timeline.next(due) !== undefined
  }
}

function timelineOf(spec: EntrySpec): Timeline {
  const whole = joined(spec.timings, spec)
  const { start, end, except = [] } = spec
  if (start === undefined && end === undefined && except.length === 0) return whole
  const days = except.map(parseLocalDate).filter((day) => typeof day === 'number')
  return new ClippedTimeline(whole, { start, end, except: spansOfDays(days, zoneOf(spec.timezone)) })
}

function joined(timings: readonly Timing[], spec: EntrySpec): Timeline {
  const instants = timings.flatMap((timing) => (timing.kind === 'at' ? timing.instant : []))
  const members: Timeline[] = instants.length > 0 ? [new AtTimeline(instants)] : []
  for (const timing of timings) {
    if (timing.kind === 'cron') members.push(cronTimeline(timing.expression, spec.timezone))
    else if (timing.kind === 'every') members.push(new EveryTimeline(timing.period, spec.anchor))
  }
  const [only, ...others] = members
  if (only === undefined) return emptyTimeline
  return others.length === 0 ? only : new UnionTimeline(members)
}
