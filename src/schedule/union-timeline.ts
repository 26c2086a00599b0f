import type { Instant } from '../core/instant.ts'
import type { Timeline } from './timeline.ts'

/** A list of rules: due when any of them is, and once where several are. */
export class UnionTimeline implements Timeline {
  readonly #members: readonly Timeline[]

  constructor(members: readonly Timeline[]) {
    this.#members = members
  }

  next(after: Instant): Instant | undefined {
    let first: Instant | undefined
    for (const member of this.#members) {
      const found = member.next(after)
      if (found !== undefined && (first === undefined || found < first)) first = found
    }
    return first
  }

  previous(before: Instant): Instant | undefined {
    let last: Instant | undefined
    for (const member of this.#members) {
      const found = member.previous(before)
      if (found !== undefined && (last === undefined || found > last)) last = found
    }
    return last
  }

  /** One member that fills the limit answers alone; else it is walked, because what coincides must count once. */
  count(after: Instant, through: Instant, limit: number): number {
    for (const member of this.#members) if (member.count(after, through, limit) >= limit) return limit
    let count = 0
    for (let at = this.next(after); at !== undefined && at <= through && count < limit; at = this.next(at))
      count += 1
    return count
  }
}
