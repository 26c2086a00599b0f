/**
 * The beat emits every occurrence of the schedule to the broker, a little ahead of its time, exactly while it leads.
 *
 *               start              a term is won
 *     stopped ────────▶ standby ────────────────▶ leading
 *        ▲                │  ▲                     │   │
 *        │      stop      │  └─────────────────────┘   │
 *        └────────────────┴────────────────────────────┘
 *                          the term is lost     stop: finish the emission, resign
 *
 * One loop, one timer: a turn does what its state has to do now and says how long to rest; news (a reload, a stop, a
 * term won or lost) rings a bell that ends the rest. So nothing here happens at the same time as anything else.
 *
 * The invariant: an occurrence is behind the cursor only if the broker has confirmed it, or it is recorded as missed.
 * The order is take, record what is missed, emit and commit, advance; and the cursor lives with the messages, in the
 * broker. A beat remembers nothing across terms but, in its record, which entries it knows in which form since when,
 * so that adding or editing an entry never fires what was due before. To a beat whose record knows less (a machine that
 * is new, or lost its disk) the broker proves it: who led says by which schedule, as one hash, and by when it knew all
 * of that. Where the hash is the same nothing is new, and what was due since the leader was gone is made up for; where
 * it is not, nothing tells which entry is new, and what this beat does not know itself it knows since now.
 *
 * What it does about failures:
 * - The broker stores nothing: the agenda is forgotten and derived again from the cursor, after a back-off, until it can.
 *   Where the broker says that it takes messages again, the back-off is over.
 * - The term is lost: it stands by, and if it leads again it starts from the cursor that it then finds.
 * - The record cannot be written: it says so and carries on, and writes what changed and was missed when it can.
 * - The clock was set back: the cursor stays, so nothing is emitted twice; it warns when emission will go on.
 * - The clock leapt ahead: it emits nothing until the clock has kept still for a minute.
 * - The cursor is hours ahead: a wrong clock committed it; after a steady minute it is set to now, in a new epoch.
 * - A crash at any point: what was not committed is derived again with the same ids. A changed schedule is settled
 *   with the broker first and recorded last, so that the next start finds the change again (see roster.ts).
 *
 * An idle beat writes nothing: a cursor that is old costs its successor one question per entry, not a scan.
 */
import type { Broker } from '../broker/broker.ts'
import type { NotHandedOn, Predecessor } from '../broker/term.ts'
import type { Random } from '../core/backoff.ts'
import { type Clock, longestNap } from '../core/clock.ts'
import type { Cursor } from '../core/cursor.ts'
import { type Instant, type Milliseconds, milliseconds } from '../core/instant.ts'
import type { Service } from '../core/service.ts'
import { untilAborted } from '../core/until-aborted.ts'
import type { BeatRecord } from '../journal/beat-record.ts'
import type { EntrySpec } from '../schedule/entry-spec.ts'
import type { BeatEvent } from './beat-event.ts'
import { Bell } from './bell.ts'
import { ClockWatch } from './clock-watch.ts'
import { type Hold, Leadership } from './leadership.ts'
import type { MissedOccurrences } from './missed-by-edit.ts'
import { Recorder } from './recorder.ts'
import { ReloadDesk } from './reload-desk.ts'
import { Roster, type ScheduleChange } from './roster.ts'
import { describeChanges, findNextRun } from './schedule-diff.ts'
import { Standby, type Won } from './standby.ts'
import { ToldMissed } from './told-missed.ts'

export interface BeatParts {
  readonly broker: Pick<Broker, 'lead' | 'status'>
  readonly record: BeatRecord
  readonly clock: Clock
  readonly group: string
  readonly host: string
  readonly pid: number
  /** How long before it is due an occurrence is emitted. */
  readonly lookahead: Milliseconds
  readonly schedule: readonly EntrySpec[]
  readonly random: Random
  /** Told what happens, at once and in order; must not throw. */
  readonly emit: (event: BeatEvent) => void
}

/** What a beat can say of itself at one moment. */
export interface BeatStatus {
  readonly state: 'stopped' | 'standby' | 'leading'
  readonly entries: number
  /** These are known while it leads. */
  readonly epoch: number | undefined
  readonly cursor: Cursor | undefined
  /** The first slot that is not emitted yet. */
  readonly nextDue: Instant | undefined
  /** Why it emits nothing although it leads. */
  readonly hold: Hold | undefined
}

type State =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'standby'; readonly standby: Standby }
  | { readonly kind: 'leading'; readonly leadership: Leadership }

export class Beat implements Service {
  readonly name = 'beat'
  readonly #parts: BeatParts
  readonly #bell: Bell
  readonly #watch: ClockWatch
  readonly #recorder: Recorder
  readonly #roster: Roster
  readonly #told = new ToldMissed()
  /** What the broker could not hand on; a leader sends notice of it. */
  readonly #unnoticed: MissedOccurrences[] = []
  #state: State = { kind: 'stopped' }
  readonly #reloads = new ReloadDesk()
  #stopping = false
  /** When the turn began that is under way, or when the next is to begin, by the monotonic clock. */
  #turnsAt: Milliseconds | undefined
  #starting: Promise<void> | undefined
  #running: Promise<void> | undefined

  constructor(parts: BeatParts) {
    this.#parts = parts
    this.#bell = new Bell(parts.clock)
    this.#watch = new ClockWatch(parts.clock, parts.emit)
    this.#roster = new Roster(parts.clock)
    const taskOf = (entry: string): string => this.#roster.known.get(entry)?.entry.spec.task ?? entry
    this.#recorder = new Recorder(parts.record, taskOf, parts.emit)
  }

  /** Reads the record, loads the schedule and stands by. Rejects with STATE_UNUSABLE. */
  start(): Promise<void> {
    this.#starting ??= this.#begin()
    return this.#starting
  }

  async stop(deadline: AbortSignal): Promise<void> {
    this.#stopping = true
    this.#bell.ring()
    await this.#starting?.catch(() => {})
    await Promise.race([this.#running, untilAborted(deadline)])
  }

  /**
   * Replaces the schedule. Resolves once it is in force: from then on nothing is emitted by the former one, and what
   * of it was emitted ahead is revoked or replaced as soon as the broker takes it. Rejects when an entry cannot be
   * compiled; then the former one stays. Of several waiting reloads only the newest is carried out, and none
   * of a beat that stops.
   */
  reload(schedule: readonly EntrySpec[]): Promise<void> {
    if (this.#stopping) return Promise.resolve()
    this.#bell.ring()
    return this.#reloads.ask(schedule)
  }

  /** By how much its loop is late: more than a turn may take means that it stands still. */
  get overdue(): Milliseconds {
    if (this.#turnsAt === undefined) return milliseconds(0)
    return milliseconds(Math.max(0, this.#parts.clock.monotonic() - this.#turnsAt))
  }

  status(): BeatStatus {
    const leadership = this.#state.kind === 'leading' ? this.#state.leadership : undefined
    return {
      state: this.#state.kind,
      entries: this.#roster.known.size,
      epoch: leadership?.term.epoch,
      cursor: leadership?.term.cursor,
      nextDue: leadership?.nextDue,
      hold: leadership?.hold,
    }
  }

  async #begin(): Promise<void> {
    const { clock, schedule, record } = this.#parts
    const now = clock.now()
    const changes = await this.#roster.recall(schedule, record.entries(), now)
    await this.#tellSchedule('scheduleLoaded', changes, now)
    if (this.#stopping) return
    this.#standBy()
    this.#running = this.#run()
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      this.#turnsAt = this.#parts.clock.monotonic()
      await this.#reloadIfAsked()
      const rest = await this.#turn()
      await this.#roster.record(this.#recorder)
      await this.#recorder.writeKept()
      this.#turnsAt = milliseconds(this.#parts.clock.monotonic() + Math.min(rest, longestNap))
      await this.#bell.rest(rest)
    }
    this.#turnsAt = undefined
    const { epoch } = this.status()
    await this.#leave()
    if (epoch !== undefined) this.#parts.emit({ kind: 'leadershipResigned', epoch })
    this.#reloads.take()?.done()
  }

  async #turn(): Promise<Milliseconds> {
    const look = this.#watch.look()
    if (this.#state.kind === 'standby') {
      const { won } = this.#state.standby
      if (!won) return this.#state.standby.turn()
      this.#lead(won)
    }
    if (this.#state.kind !== 'leading') return longestNap
    const { leadership } = this.#state
    try {
      return await leadership.turn(look)
    } catch (error) {
      this.#parts.emit({ kind: 'leadershipLost', epoch: leadership.term.epoch, error })
      await this.#leave()
      this.#standBy()
      return milliseconds(0)
    }
  }

  #standBy(): void {
    const missed = (some: readonly NotHandedOn[]): Promise<void> => this.#miss(some)
    const parts = { ...this.#parts, roster: this.#roster, bell: this.#bell, missed }
    this.#state = { kind: 'standby', standby: new Standby(parts) }
  }

  /** Whenever the broker says so; a turn may be under way, which this does not touch. */
  async #miss(missed: readonly NotHandedOn[]): Promise<void> {
    await this.#recorder.recordMissed(missed, this.#parts.clock.now())
    for (const each of missed) this.#parts.emit({ kind: 'occurrenceMissed', ...each })
    this.#unnoticed.push(...missed)
    this.#bell.ring()
  }

  #lead({ term, waited }: Won): void {
    const { emit } = this.#parts
    const { epoch, cursor, predecessor, lost } = term
    const adoptedHash = predecessor?.knownSince === undefined ? undefined : predecessor.scheduleHash
    const roster = this.#roster
    const recorder = this.#recorder
    const told = this.#told
    const unnoticed = this.#unnoticed
    told.believeOnly(this.#parts.clock.now())
    const leadership = new Leadership({
      ...this.#parts,
      roster,
      recorder,
      told,
      unnoticed,
      term,
      adoptedHash,
    })
    lost.addEventListener('abort', () => this.#bell.ring(), { once: true })
    this.#state = { kind: 'leading', leadership }
    emit({ kind: 'leadershipTaken', epoch, cursor, predecessor })
    if (predecessor) this.#follow(predecessor, waited)
  }

  /** Unless it was this beat, before a restart or a reload, whose changes are settled as of when they were loaded. */
  #follow(predecessor: Predecessor, waited: boolean): void {
    const { clock, emit, host } = this.#parts
    const { scheduleHash, knownSince } = predecessor
    const now = clock.now()
    if (scheduleHash === this.#roster.hash) this.#roster.continueSame(now, knownSince)
    else if (waited || predecessor.host !== host || !this.#roster.isFormer(scheduleHash)) {
      this.#roster.replaceAnother(scheduleHash, now)
      emit({ kind: 'scheduleDiffered', host, theirs: predecessor })
    }
  }

  async #reloadIfAsked(): Promise<void> {
    const request = this.#reloads.take()
    if (!request) return
    const now = this.#parts.clock.now()
    try {
      const changes = await this.#roster.load(request.schedule, now)
      await this.#tellSchedule('scheduleReloaded', changes, now)
      request.done()
    } catch (error) {
      request.refuse(error)
    }
  }

  async #tellSchedule(
    kind: 'scheduleLoaded' | 'scheduleReloaded',
    changes: readonly ScheduleChange[],
    now: Instant,
  ): Promise<void> {
    const { known } = this.#roster
    const next = await findNextRun(known.values(), now, this.#parts.clock)
    this.#parts.emit({ kind, entries: known.size, next, changes: describeChanges(changes, now) })
  }

  async #leave(): Promise<void> {
    const state = this.#state
    this.#state = { kind: 'stopped' }
    if (state.kind === 'stopped') return
    const term = state.kind === 'leading' ? state.leadership.term : await state.standby.withdraw()
    try {
      await term?.resign()
    } catch {
      // Then the term ends with the connection, or with this process.
    }
  }
}
