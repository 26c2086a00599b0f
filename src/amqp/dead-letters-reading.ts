import type { Clock } from '../core/clock.ts'
import { milliseconds } from '../core/instant.ts'
import type { Channel, Incoming, QueueCounts, Session } from './session.ts'

/** Messages that were taken to be looked at. All but those that are acknowledged go back when it is closed. */
export interface Reading {
  readonly channel: Channel
  /** Those that were meant, the oldest first. */
  readonly found: readonly Incoming[]
}

export interface Search {
  readonly isMeant: (incoming: Incoming) => boolean
  /** Of those that are meant only the newest so many are kept, for a queue can be larger than our memory. */
  readonly most: number
}

/** A reader that is alive is done by then; one that is not holds up nobody for longer. */
const patience = milliseconds(5_000)
const pause = milliseconds(100)
/** When nothing has come for so long, nothing more will: some were dropped meanwhile, or another reader has them. */
const quiet = milliseconds(1_000)
const mostTries = 3

/**
 * Takes all that is in the queue, without acknowledging it, and keeps what is meant; undefined when there is nothing.
 * Whoever opens it closes the channel, which gives everything back in its old order.
 */
export async function openReading(
  session: Session,
  queue: string,
  search: Search,
  clock: Clock,
): Promise<Reading | undefined> {
  for (let tries = 1; ; tries++) {
    const counts = await awaitTurn(session, queue, clock)
    if (!counts || counts.messages === 0) return undefined
    const channel = await session.openChannel({ confirm: false, prefetch: 0 })
    const { found, taken } = await take(channel, queue, counts.messages, search, clock)
    if (taken >= counts.messages || tries === mostTries) return { channel, found }
    await channel.close()
    await clock.sleep(milliseconds(pause * tries))
  }
}

async function awaitTurn(session: Session, queue: string, clock: Clock): Promise<QueueCounts | undefined> {
  const giveUp = clock.monotonic() + patience
  for (;;) {
    const counts = await session.apart(`look for queue ${queue}`, (channel) => channel.checkQueue(queue))
    if (!counts || counts.consumers === 0 || clock.monotonic() >= giveUp) return counts
    await clock.sleep(pause)
  }
}

async function take(
  channel: Channel,
  queue: string,
  expected: number,
  { isMeant, most }: Search,
  clock: Clock,
): Promise<{ found: Incoming[]; taken: number }> {
  const found: Incoming[] = []
  const complete = new AbortController()
  let taken = 0
  let lastAt = clock.monotonic()
  await channel.consume(queue, {}, (incoming) => {
    taken++
    lastAt = clock.monotonic()
    if (isMeant(incoming)) found.push(incoming)
    if (found.length > most) found.shift()
    if (taken >= expected) complete.abort()
  })
  const over = AbortSignal.any([complete.signal, channel.lost])
  while (!over.aborted && clock.monotonic() - lastAt < quiet) await clock.sleep(quiet, over)
  channel.lost.throwIfAborted()
  return { found: [...found], taken }
}
