import type { Instant } from '../core/instant.ts'
import type { EntrySpec } from './entry-spec.ts'
import type { Timeline } from './timeline.ts'

/** A rule of the schedule, ready to be asked. */
export interface Entry {
  readonly spec: EntrySpec
  /** Its slots, before jitter. That of a disabled entry is empty. */
  readonly timeline: Timeline
  /** When the occurrence shall start: due, moved by an offset in [0, jitter) that depends on the name alone. */
  etaOf(due: Instant): Instant
  /** The id of the occurrence: the UUIDv5, in `namespace`, of the name, a newline and due in UTC with milliseconds. */
  idOf(namespace: string, due: Instant): string
  /** The implicit expiry of the first attempt: the ETA of the successor; undefined where nothing replaces it. */
  startByOf(due: Instant): Instant | undefined
  /** The explicit expiry, retries included: ETA + `expires`. */
  expiresOf(due: Instant): Instant | undefined
  /** Whether a failure may be let go because a successor will come: so it is, except with `missed: all`. */
  replaceable(due: Instant): boolean
}

export function compileEntry(_spec: EntrySpec): Entry {
  throw new Error('under construction')
}
