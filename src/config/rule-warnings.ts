import { cronWarnings } from '../schedule/cron-warnings.ts'
import type { WrittenEntry } from './read-entry.ts'
import type { Reading } from './reading.ts'
import { hasClockChanges } from './time-here.ts'

const dayMs = 86_400_000

/** Rules that may not mean what was meant. What is found out of an expression in a zone is remembered. */
export class RuleWarnings {
  readonly #reading: Reading
  readonly #remarks = new Map<string, readonly string[]>()

  constructor(reading: Reading) {
    this.#reading = reading
  }

  look({ spec, given }: WrittenEntry): void {
    for (const { value, at } of given.cron?.value ?? [])
      for (const remark of this.#remarksOn(value, spec.timezone)) at.warning(remark)
    const { every } = given
    if (!every || every.value % dayMs !== 0 || !hasClockChanges(spec.timezone, this.#reading.now)) return
    every.at.warning(
      `days of 24 hours: after a change of the clocks in ${spec.timezone} this is another time of day; for a time of day write cron`,
    )
  }

  #remarksOn(expression: string, timezone: string): readonly string[] {
    const key = `${timezone} ${expression}`
    const remarks = this.#remarks.get(key) ?? cronWarnings(expression, timezone, this.#reading.now)
    this.#remarks.set(key, remarks)
    return remarks
  }
}
