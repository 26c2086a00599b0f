declare const instantBrand: unique symbol
declare const millisecondsBrand: unique symbol

/** A point in time: whole milliseconds since the Unix epoch, UTC, as the wall clock tells them. */
export type Instant = number & { readonly [instantBrand]: true }

/** A length of time in milliseconds. */
export type Milliseconds = number & { readonly [millisecondsBrand]: true }

/** Milliseconds since the epoch, taken as an instant. */
export function instant(epochMs: number): Instant {
  return epochMs as Instant
}

/** A number of milliseconds, taken as a length of time. */
export function milliseconds(count: number): Milliseconds {
  return count as Milliseconds
}

/** The instant a length of time later (earlier, when it is negative). */
export function plus(start: Instant, length: Milliseconds): Instant {
  return (start + length) as Instant
}

/** How long after `earlier` the instant `later` is; negative when it is before. */
export function between(earlier: Instant, later: Instant): Milliseconds {
  return (later - earlier) as Milliseconds
}

/** `2026-11-22T08:00:00.000Z`: UTC with milliseconds (RFC 3339), the one form that leaves the process. */
export function toIso(at: Instant): string {
  return new Date(at).toISOString()
}
