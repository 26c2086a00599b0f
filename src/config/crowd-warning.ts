import { type Instant, instant, toIso } from '../core/instant.ts'
import type { Place } from './place.ts'

/** So many starts in one second are worth spreading. */
const crowd = 1_000

/** Counts the next start of each entry by its second. */
export class CrowdWarning {
  readonly #starts = new Map<number, number>()

  count(eta: Instant): void {
    const second = Math.floor(eta / 1000)
    this.#starts.set(second, (this.#starts.get(second) ?? 0) + 1)
  }

  conclude(schedules: Place): void {
    let [largest, second] = [0, 0]
    for (const [at, starts] of this.#starts) if (starts > largest) [largest, second] = [starts, at]
    if (largest < crowd) return
    const when = toIso(instant(second * 1000)).replace('.000Z', 'Z')
    schedules.warning(
      `${largest.toLocaleString('en')} entries are due within one second, at ${when}; a jitter spreads them`,
    )
  }
}
