/**
 * One term of one beat: what it does, turn by turn, while it leads.
 *
 *   look at the clock ─▶ settle a changed schedule ─▶ take a batch ─▶ record what is missed ─▶ emit ─▶ rest
 *          │ it lies                                                                 │ fails
 *          ▼                                                                         ▼
 *        hold still, not ready                            forget the agenda, wait, derive it from the cursor
 *
 * What was taken is gone from the agenda, so the agenda is only as good as the last emission: when one fails, it is
 * made anew from the committed cursor, and nothing is ever sent again from memory.
 */
import type { Emission, Term } from '../broker/term.ts'
import { type Backoff, backoffDelay, type Random } from '../core/backoff.ts'
import { type Clock, longestNap } from '../core/clock.ts'
import { type Cursor, cursorThrough } from '../core/cursor.ts'
import { TaskbeatError, TermLostError } from '../core/errors.ts'
import { between, type Instant, instant, type Milliseconds, milliseconds, plus } from '../core/instant.ts'
import { Agenda, type Take } from '../schedule/agenda.ts'
import type { BeatEvent } from './beat-event.ts'
import { ClockGate, type ClockHold } from './clock-gate.ts'
import { type ClockLook, steadyEnough } from './clock-watch.ts'
import { emitAccepted } from './emit-accepted.ts'
import { inSlices } from './in-slices.ts'
import type { MissedOccurrences } from './missed-by-edit.ts'
import { missedNotices } from './missed-notices.ts'
import { occurrenceMessage } from './occurrence-message.ts'
import type { Recorder } from './recorder.ts'
import type { Roster } from './roster.ts'
import { settleChanges } from './settle-changes.ts'
import type { ToldMissed } from './told-missed.ts'

/** Why nothing is emitted although this beat leads. */
export type Hold = ClockHold | 'emissionFailing'

export interface LeadershipParts {
  readonly term: Term
  /** Of the schedule that a leader before has adopted; undefined when what it said does not tell since when. */
  readonly adoptedHash: string | undefined
  readonly roster: Roster
  readonly recorder: Recorder
  readonly told: ToldMissed
  /** What was recorded and told as missed, and no notice is sent of yet. */
  readonly unnoticed: MissedOccurrences[]
  readonly clock: Clock
  readonly lookahead: Milliseconds
  readonly random: Random
  /** The name of the machine. */
  readonly host: string
  readonly emit: (event: BeatEvent) => void
}

/** Occurrences and missed ranges in one emission: a transaction of milliseconds. */
const batchLimit = 500
/** The longest is for what ends without a word, as a full disk does; of its alarms a broker tells the end. */
const emissionBackoff: Backoff = { firstMs: 200, factor: 2, longestMs: 15_000, jitter: 'full' }
/**
 * Emissions follow each other no faster, where the lookahead is long enough
 * to wait for company: a commit costs an fsync.
 */
const longestPace = milliseconds(1_000)

export class Leadership {
  readonly term: Term
  readonly #parts: LeadershipParts
  readonly #pace: Milliseconds
  readonly #gate: ClockGate
  #agenda: Agenda | undefined
  #adoptedHash: string | undefined
  /** Entries of which it was told that the broker takes nothing. */
  readonly #refused = new Set<string>()
  #failing: { readonly since: Milliseconds; readonly count: number } | undefined

  constructor(parts: LeadershipParts) {
    this.term = parts.term
    this.#parts = parts
    this.#adoptedHash = parts.adoptedHash
    this.#gate = new ClockGate(parts.lookahead, parts.emit)
    this.#pace = milliseconds(Math.min(longestPace, parts.lookahead / 30))
  }

  get hold(): Hold | undefined {
    return this.#failing ? 'emissionFailing' : this.#gate.hold
  }

  get nextDue(): Instant | undefined {
    return this.#agenda?.nextDue()
  }

  /**
   * Does what there is to do now, a batch at the most, and says how long to
   * rest. Rejects with TERM_LOST when it is over.
   */
  async turn(look: ClockLook): Promise<Milliseconds> {
    if (this.term.lost.aborted) throw new TermLostError('the term is over')
    const hold = this.#gate.judge(look, this.term.cursor)
    try {
      if (hold === 'clockSuspect') return milliseconds(steadyEnough - look.steadyFor)
      if (hold === 'cursorAhead') return await this.#awaitReset(look)
      const rest = await this.#proceed(look.now)
      this.#tellRecovered()
      return rest
    } catch (error) {
      if (this.term.lost.aborted || (error instanceof TaskbeatError && error.code === 'TERM_LOST'))
        throw error
      return this.#failed(error)
    }
  }

  async #proceed(now: Instant): Promise<Milliseconds> {
    const cursor = await this.#settle(now)
    await this.#sendNotices(cursor, now)
    this.#agenda ??= await this.#derive(cursor)
    const horizon = plus(now, this.#parts.lookahead)
    const take = this.#agenda.take({ through: horizon, now, limit: batchLimit })
    if (!take.cursor) return this.#untilNext(milliseconds(0))
    await this.#emit(take, take.more ? take.cursor : cursorThrough(horizon), now)
    return take.more ? milliseconds(0) : this.#untilNext(this.#pace)
  }

  async #sendNotices(cursor: Cursor, now: Instant): Promise<void> {
    const { unnoticed } = this.#parts
    const missed = [...unnoticed]
    const messages = missedNotices(missed, { ...this.#parts, term: this.term, now })
    const emission = { messages, replacements: [], revocations: [], cursor }
    if (messages.length > 0) await this.#emitAccepted(emission, now)
    unnoticed.splice(0, missed.length)
  }

  async #emit(take: Take, cursor: Cursor, now: Instant): Promise<void> {
    const { term } = this
    await this.#parts.recorder.recordMissed(take.missed, now)
    const messages = take.occurrences.map((occurrence) => occurrenceMessage(occurrence, term))
    const notices = missedNotices(take.missed, { ...this.#parts, now })
    const emission = { messages: [...messages, ...notices], replacements: [], revocations: [], cursor }
    const refused = await this.#emitAccepted(emission, now)
    for (const missed of take.missed) this.#parts.emit({ kind: 'occurrenceMissed', ...missed })
    this.#parts.told.add(take.missed)
    this.#parts.told.reached(cursor)
    const emitted = take.occurrences.map(({ entry, due }, index) => ({
      id: messages[index]?.id ?? '',
      entry: entry.spec.name,
      task: entry.spec.task,
      due,
      eta: entry.etaOf(due),
    }))
    const occurrences = emitted.filter(({ id }) => !refused.has(id))
    if (occurrences.length === 0) return
    this.#parts.emit({ kind: 'occurrencesEmitted', count: occurrences.length, through: cursor, occurrences })
  }

  /** What the broker will never take is missed, and notice of it is sent in the next turn. Resolves with the ids. */
  async #emitAccepted(emission: Emission, now: Instant): Promise<ReadonlySet<string>> {
    const { recorder, unnoticed, emit } = this.#parts
    const record = (some: readonly MissedOccurrences[]): Promise<void> => recorder.recordMissed(some, now)
    const { ids, entries, missed } = await emitAccepted(this.term, emission, record)
    for (const [entry, error] of entries) {
      if (!this.#refused.has(entry)) emit({ kind: 'entryRefused', entry, error })
      this.#refused.add(entry)
    }
    for (const each of missed) emit({ kind: 'occurrenceMissed', ...each })
    unnoticed.push(...missed)
    return ids
  }

  /** Brings the broker and the agenda in line with the schedule in force, and says where the cursor stands. */
  async #settle(now: Instant): Promise<Cursor> {
    const { roster } = this.#parts
    const { term } = this
    const changes = [...roster.unsettled.values()]
    if (changes.length > 0) this.#refused.clear()
    const settling = {
      ...this.#parts,
      emitAccepted: (emission: Emission) => this.#emitAccepted(emission, now),
    }
    if (term.cursor && changes.length > 0) await settleChanges(settling, changes, term.cursor, now)
    const cursor = term.cursor ?? (await this.#beginAt(now))
    for (const { name, after } of changes) {
      this.#agenda?.remove(name)
      if (after) this.#agenda?.add(after.entry, this.#resumeAfter(cursor, name, after.since))
    }
    roster.settle()
    // Also the same schedule may be known since later: it was another in between.
    if (changes.length > 0) this.#adoptedHash = undefined
    if (this.#adoptedHash !== roster.hash) {
      await term.adopt({ scheduleHash: roster.hash, knownSince: roster.knownSince })
      this.#adoptedHash = roster.hash
    }
    return cursor
  }

  /** Without a cursor there is no telling what was emitted. From here on there is one, also for whoever leads next. */
  async #beginAt(now: Instant): Promise<Cursor> {
    const cursor = cursorThrough(now)
    await this.term.emit({ messages: [], replacements: [], revocations: [], cursor })
    this.#parts.emit({ kind: 'nothingBefore', at: now })
    return cursor
  }

  async #derive(cursor: Cursor): Promise<Agenda> {
    const agenda = new Agenda()
    await inSlices(this.#parts.roster.known, this.#parts.clock, ([name, { entry, since }]) =>
      agenda.add(entry, this.#resumeAfter(cursor, name, since)),
    )
    return agenda
  }

  /** What was due by here is emitted or told, or was due before the entry was known in this form. */
  #resumeAfter(cursor: Cursor, name: string, since: Instant): Instant {
    return instant(Math.max(this.#parts.told.doneThrough(cursor, name), since))
  }

  /** How long until there is something to do, by the clock as it is now. */
  #untilNext(atLeast: Milliseconds): Milliseconds {
    const next = this.#gate.hold === 'clockBehind' ? this.term.cursor?.due : this.nextDue
    if (next === undefined) return longestNap
    const { clock, lookahead } = this.#parts
    return milliseconds(Math.max(atLeast, between(plus(clock.now(), lookahead), next), 1))
  }

  async #awaitReset(look: ClockLook): Promise<Milliseconds> {
    if (look.steadyFor < steadyEnough) return milliseconds(steadyEnough - look.steadyFor)
    const from = this.term.cursor
    const to = cursorThrough(look.now)
    this.#agenda = undefined
    await this.term.restart(to)
    this.#parts.roster.knowSince(look.now)
    this.#parts.told.believeOnly(look.now)
    if (from) this.#parts.emit({ kind: 'cursorReset', from, to, epoch: this.term.epoch })
    return milliseconds(0)
  }

  #failed(error: unknown): Milliseconds {
    const { clock, random, emit } = this.#parts
    this.#agenda = undefined
    if (!this.#failing) emit({ kind: 'emissionFailed', error })
    const { since, count } = this.#failing ?? { since: clock.monotonic(), count: 0 }
    this.#failing = { since, count: count + 1 }
    return backoffDelay(emissionBackoff, count + 1, random)
  }

  #tellRecovered(): void {
    if (!this.#failing) return
    const { since, count } = this.#failing
    this.#failing = undefined
    const lasted = milliseconds(this.#parts.clock.monotonic() - since)
    this.#parts.emit({ kind: 'emissionRecovered', failures: count, lasted })
  }
}
