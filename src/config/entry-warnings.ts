import { CallWarnings } from './call-warnings.ts'
import { CrowdWarning } from './crowd-warning.ts'
import { warnOfLengths } from './length-warnings.ts'
import type { Place } from './place.ts'
import type { WrittenEntry } from './read-entry.ts'
import type { Reading } from './reading.ts'
import { type Rhythm, rhythmOf } from './rhythm.ts'
import { RuleWarnings } from './rule-warnings.ts'
import type { Surroundings } from './surroundings.ts'
import { ZoneWarning } from './zone-warning.ts'

/** What is legal in the entries of a file and may not be what was meant. Each entry is looked at once. */
export class EntryWarnings {
  readonly #reading: Reading
  readonly #around: Surroundings
  readonly #calls: CallWarnings
  readonly #rules: RuleWarnings
  readonly #zone: ZoneWarning
  readonly #crowd = new CrowdWarning()
  readonly #rhythms = new Map<string, Rhythm>()

  constructor(reading: Reading, around: Surroundings) {
    this.#reading = reading
    this.#around = around
    this.#calls = new CallWarnings(around)
    this.#rules = new RuleWarnings(reading)
    this.#zone = new ZoneWarning(reading, around)
  }

  look(entry: WrittenEntry): void {
    this.#calls.look(entry)
    if (!entry.spec.enabled) return
    this.#rules.look(entry)
    const { due, eta, period } = this.#rhythmOf(entry)
    if (due === undefined) this.#warnOfNever(entry)
    if (entry.spec.missed === 'skip')
      entry.given.missed_window?.at.warning('of no effect with missed: skip, which makes up for nothing')
    this.#warnOfForeignQueue(entry)
    if (due !== undefined) this.#zone.look(entry, due)
    if (eta !== undefined) this.#crowd.count(eta)
    if (period !== undefined) warnOfLengths(entry, period, this.#around)
  }

  /** What only all of them together tell. */
  conclude(schedules: Place): void {
    this.#zone.conclude()
    this.#crowd.conclude(schedules)
  }

  /** Workers of others take from it as well, in whatever order they like. */
  #warnOfForeignQueue({ spec, given: { overlap } }: WrittenEntry): void {
    if (!overlap || overlap.value === 'allow' || !this.#around.foreignQueues.has(spec.queue)) return
    overlap.at.warning(
      `is not kept in the queue ${spec.queue}, which others declare (type: existing): runs may overlap there`,
    )
  }

  /** Told to whoever checks a file: one that has been in force for years need not be blamed at each start. */
  #warnOfNever({ given }: WrittenEntry): void {
    if (this.#reading.role !== 'check') return
    const at = (given.end ?? given.at ?? given.every)?.at ?? given.cron?.at
    at?.warning('it is not due any more')
  }

  /** Remembered for a plain cron rule, of which 100,000 entries have few. */
  #rhythmOf({ spec }: WrittenEntry): Rhythm {
    const [timing, ...others] = spec.timings
    const isBounded = spec.start !== undefined || spec.end !== undefined || spec.except !== undefined
    if (timing?.kind !== 'cron' || others.length > 0 || isBounded || spec.jitter !== undefined)
      return rhythmOf(spec, this.#reading.now)
    const key = `${spec.timezone} ${timing.expression}`
    const rhythm = this.#rhythms.get(key) ?? rhythmOf(spec, this.#reading.now)
    this.#rhythms.set(key, rhythm)
    return rhythm
  }
}
