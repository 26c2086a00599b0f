import { type Instant, instant } from '../core/instant.ts'
import type { Entry } from './entry.ts'

/**
 * When the entry starts next, strictly later than `now`: the ETA of an occurrence, so it may be one that is due
 * already and held back by jitter. Undefined = never again.
 */
export function nextStart(entry: Entry, now: Instant): Instant | undefined {
  // The offset of an entry's jitter is the same each time.
  const offset = entry.etaOf(now) - now
  const due = entry.timeline.next(instant(now - offset))
  return due === undefined ? undefined : entry.etaOf(due)
}
