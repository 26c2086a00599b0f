import type { Clock } from '../core/clock.ts'
import { describeDuration } from '../core/duration.ts'
import { TaskbeatError } from '../core/errors.ts'
import { type Milliseconds, milliseconds } from '../core/instant.ts'
import type { Link } from './link.ts'

/** How long a caller waits for a broker that reads nothing of what is published to it. */
const patience = milliseconds(5_000)
const look = milliseconds(250)

/**
 * Resolves as the sending does, but gives up when a memory or disk alarm has caught it midway: it goes on until the
 * alarm is over, which nobody knows, and whoever asked for it shall not wait so long.
 */
export async function unlessBlocked(link: Link, clock: Clock, sending: Promise<void>): Promise<void> {
  const done = new AbortController()
  sending.catch(() => {}) // told to the caller, if it still waits
  const blocked = untilBlockedFor(patience, link, clock, done.signal)
  try {
    await Promise.race([sending, blocked])
  } finally {
    done.abort()
  }
}

/** Rejects then; resolves never, so that the other decides. */
async function untilBlockedFor(
  length: Milliseconds,
  link: Link,
  clock: Clock,
  done: AbortSignal,
): Promise<never> {
  let since: Milliseconds | undefined
  while (!done.aborted) {
    await clock.sleep(look, done)
    since = link.current?.blocked ? (since ?? clock.monotonic()) : undefined
    if (since === undefined || clock.monotonic() - since < length) continue
    throw new TaskbeatError(
      'BROKER_UNAVAILABLE',
      `the broker has taken no messages for ${describeDuration(length)}, because a memory or disk alarm is set on its host: what was sent may be accepted once that is over`,
    )
  }
  return new Promise(() => {})
}
