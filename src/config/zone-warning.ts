import type { Instant } from '../core/instant.ts'
import type { Place } from './place.ts'
import type { WrittenEntry } from './read-entry.ts'
import type { Reading } from './reading.ts'
import type { Surroundings } from './surroundings.ts'
import { isUtc, timeOfDay } from './time-here.ts'

/** A file that names no zone is read in UTC, which is not what the clock on the wall shows; said once. */
export class ZoneWarning {
  readonly #machineZone: string
  readonly #isNeeded: boolean
  #first: { readonly at: Place; readonly here: string } | undefined
  #count = 0

  constructor({ machineZone, now }: Reading, { saysTimezone }: Surroundings) {
    this.#machineZone = machineZone
    this.#isNeeded = !saysTimezone && !isUtc(machineZone, now)
  }

  look({ given }: WrittenEntry, due: Instant): void {
    if (!this.#isNeeded || given.timezone) return
    const [local] = given.cron?.value ?? given.at?.value.filter(({ value }) => !hasOffset(value)) ?? []
    if (!local) return
    this.#count++
    const time = timeOfDay(due, this.#machineZone)
    this.#first ??= { at: local.at, here: `${local.value} is ${time} here (${this.#machineZone})` }
  }

  conclude(): void {
    if (!this.#first) return
    const { at, here } = this.#first
    const others = this.#count - 1
    const more = others === 0 ? '' : `, and so for ${others.toLocaleString('en')} more`
    at.warning(`${here}${more}; write timezone:`)
  }
}

function hasOffset(moment: string): boolean {
  return /(?:Z|[+-]\d\d(?::?\d\d)?)$/i.test(moment.slice(10))
}
