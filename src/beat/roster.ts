import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../core/clock.ts'
import { type Instant, instant } from '../core/instant.ts'
import type { RecordedEntry } from '../journal/beat-record.ts'
import { compileEntry, type Entry } from '../schedule/entry.ts'
import type { EntrySpec } from '../schedule/entry-spec.ts'
import { hashOf, scheduleHash } from '../schedule/spec-hash.ts'
import { inSlices } from './in-slices.ts'
import type { Recorder } from './recorder.ts'

/** An entry in force. */
export interface KnownEntry {
  readonly entry: Entry
  readonly hash: string
  /** Since when it is known in this form: what was due by then is not its business. */
  readonly since: Instant
}

/** What a new schedule did to one entry. */
export interface ScheduleChange {
  readonly name: string
  /** In which form it may have been emitted; undefined = it was unknown. */
  readonly before: { readonly entry: Entry; readonly since: Instant } | undefined
  readonly after: KnownEntry | undefined
  readonly loaded: Instant
  /** What is new in it has been emitted, by another beat that led by this schedule. */
  readonly isEmitted?: boolean
}

/** An entry as it was known before, from memory or from the record. */
interface FormerEntry {
  readonly name: string
  readonly hash: string
  readonly since: Instant
  /** Undefined when its definition cannot be read any more. */
  compile(): Entry | undefined
}

/** Entries in one transaction of the record: milliseconds each, not a second for all. */
const recordedAtOnce = 500

/**
 * The schedule in force, and what is still to be done about its changes. Each change goes two steps:
 *
 *      load            settle                       record
 *   ─────────▶ unsettled ─────▶ settled, unrecorded ──────▶ (nothing left to do)
 *
 * Unsettled means that what the former schedule had emitted ahead of its time may need revoking (see reissue.ts).
 * The record follows last, so that whoever starts after a crash finds the same change again and settles it again,
 * which does no harm: ids are unique, and revoking twice is revoking once.
 */
export class Roster {
  readonly #clock: Clock
  #known = new Map<string, KnownEntry>()
  #hash = scheduleHash([])
  #unsettled = new Map<string, ScheduleChange>()
  #lastChange: Instant | undefined
  readonly #former = new Set<string>()
  readonly #unrecorded = new Set<string>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get known(): ReadonlyMap<string, KnownEntry> {
    return this.#known
  }

  /** Of the schedule in force. */
  get hash(): string {
    return this.#hash
  }

  /** By when each of its entries was known in this form. */
  get knownSince(): Instant {
    let since = instant(0)
    for (const known of this.#known.values()) since = latest(since, known.since)
    return since
  }

  get unsettled(): ReadonlyMap<string, ScheduleChange> {
    return this.#unsettled
  }

  /** When the newest of the unsettled changes was loaded; undefined = all are settled. */
  get lastChange(): Instant | undefined {
    return this.#unsettled.size === 0 ? undefined : this.#lastChange
  }

  /** Whether this is the hash of a schedule that the unsettled changes have replaced. */
  isFormer(hash: string): boolean {
    return this.#former.has(hash)
  }

  /** Replaces the schedule in force, all of it or, when an entry cannot be compiled, nothing. */
  load(specs: Iterable<EntrySpec>, at: Instant): Promise<readonly ScheduleChange[]> {
    return this.#replace(specs, inForce(this.#known), at)
  }

  /** Replaces what the record knows, as `load` does what is in force: a start is a reload of what ran last. */
  recall(
    specs: Iterable<EntrySpec>,
    recorded: Iterable<RecordedEntry>,
    at: Instant,
  ): Promise<readonly ScheduleChange[]> {
    return this.#replace(specs, fromRecord(recorded), at)
  }

  /** Nothing that was emitted needs changing any more. */
  settle(): void {
    for (const name of this.#unsettled.keys()) this.#unrecorded.add(name)
    this.#unsettled.clear()
    this.#former.clear()
  }

  /**
   * Another beat has led until now by this schedule: what is emitted is emitted by it, and may only be too much. What is
   * new here is not new to the group: who led knew all of it since `knownSince`, so what was due after that, and after
   * the cursor, is made up for.
   */
  continueSame(now: Instant, knownSince: Instant = now): void {
    this.#continueFrom(now)
    for (const [name, change] of this.#unsettled) {
      const after = change.after && { ...change.after, since: earliest(change.after.since, knownSince) }
      if (after) this.#known.set(name, after)
      this.#unsettled.set(name, { ...change, after, isEmitted: true })
    }
  }

  /**
   * Another beat has led until now by another schedule: only now does this one take its place. Where it is the former
   * one, the changes are what separates them; of an unknown one anything may be missing among what is emitted.
   */
  replaceAnother(hash: string, now: Instant): void {
    this.#continueFrom(now)
    for (const [name, change] of this.#unsettled) {
      if (!change.after) continue
      const after = { ...change.after, since: latest(change.after.since, now) }
      this.#known.set(name, after)
      this.#unsettled.set(name, { ...change, after })
    }
    if (this.isFormer(hash)) return
    for (const [name, after] of this.#known) {
      if (!this.#unsettled.has(name))
        this.#unsettled.set(name, { name, before: undefined, after, loaded: now })
    }
    this.#lastChange = now
  }

  /** The clock was wrong: whatever is known since a time to come is known since now. */
  knowSince(now: Instant): void {
    for (const [name, known] of this.#known) {
      if (known.since <= now) continue
      this.#known.set(name, { ...known, since: now })
      this.#unrecorded.add(name)
    }
  }

  /** Writes what is settled; what cannot be written is tried again the next time. */
  async record(recorder: Recorder): Promise<void> {
    const names = [...this.#unrecorded]
    for (let start = 0; start < names.length; start += recordedAtOnce) {
      const some = names.slice(start, start + recordedAtOnce)
      // What has changed again since is recorded when that is settled.
      const settled = some.filter((name) => !this.#unsettled.has(name))
      const put = settled.flatMap((name) => this.#known.get(name) ?? []).map(toRecorded)
      const remove = settled.filter((name) => !this.#known.has(name))
      if (!(await recorder.recordEntries({ put, remove }))) return
      for (const name of some) this.#unrecorded.delete(name)
      await setImmediate()
    }
  }

  /** What was due by now was the business of whoever led. */
  #continueFrom(now: Instant): void {
    for (const [name, change] of this.#unsettled) {
      this.#unsettled.set(name, { ...change, loaded: latest(change.loaded, now) })
    }
  }

  async #replace(
    specs: Iterable<EntrySpec>,
    formerEntries: Iterable<FormerEntry>,
    at: Instant,
  ): Promise<readonly ScheduleChange[]> {
    const wanted = new Map<string, { spec: EntrySpec; hash: string }>()
    const formerHashes: string[] = []
    await inSlices(specs, this.#clock, (spec) => wanted.set(spec.name, { spec, hash: hashOf(spec) }))
    const unchangedSince = new Map<string, Instant>()
    const replaced = new Map<string, FormerEntry>()
    for (const former of formerEntries) {
      formerHashes.push(former.hash)
      if (wanted.get(former.name)?.hash === former.hash) unchangedSince.set(former.name, former.since)
      else replaced.set(former.name, former)
    }
    const known = new Map<string, KnownEntry>()
    const changes: ScheduleChange[] = []
    const change = (name: string, after: KnownEntry | undefined): void => {
      const former = replaced.get(name)
      const entry = former?.compile()
      changes.push({ name, before: former && entry && { entry, since: former.since }, after, loaded: at })
    }
    await inSlices(wanted, this.#clock, ([name, { spec, hash }]) => {
      const since = unchangedSince.get(name)
      const inForce = this.#known.get(name)
      const entry = inForce?.hash === hash ? inForce.entry : compileEntry(spec)
      const after = { entry, hash, since: since ?? at }
      known.set(name, after)
      if (since === undefined) change(name, after)
    })
    for (const name of replaced.keys()) if (!known.has(name)) change(name, undefined)
    if (changes.length > 0) this.#former.add(scheduleHash(formerHashes))
    this.#adopt(known, changes, at)
    return changes
  }

  #adopt(known: Map<string, KnownEntry>, changes: readonly ScheduleChange[], at: Instant): void {
    if (changes.length > 0) this.#lastChange = at
    this.#known = known
    this.#hash = scheduleHash([...known.values()].map(({ hash }) => hash))
    for (const change of changes) {
      // What was emitted is what the first of several unsettled changes replaced.
      const earlier = this.#unsettled.get(change.name)
      this.#unsettled.set(change.name, earlier ? { ...change, before: earlier.before } : change)
    }
  }
}

function* inForce(known: ReadonlyMap<string, KnownEntry>): Generator<FormerEntry> {
  for (const [name, { entry, hash, since }] of known) yield { name, hash, since, compile: () => entry }
}

function* fromRecord(recorded: Iterable<RecordedEntry>): Generator<FormerEntry> {
  for (const { name, hash, since, definition } of recorded) {
    yield { name, hash, since, compile: () => recompile(definition) }
  }
}

function earliest(a: Instant, b: Instant): Instant {
  return a < b ? a : b
}

function latest(a: Instant, b: Instant): Instant {
  return a > b ? a : b
}

/** An entry that an older version recorded may mean nothing to this one; then nothing of it can be revoked. */
function recompile(definition: string): Entry | undefined {
  try {
    return compileEntry(JSON.parse(definition) as EntrySpec)
  } catch {
    return undefined
  }
}

function toRecorded({ entry, hash, since }: KnownEntry): RecordedEntry {
  return { name: entry.spec.name, hash, since, definition: JSON.stringify(entry.spec) }
}
