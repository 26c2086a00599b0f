import type { Clock } from '../core/clock.ts'
import { milliseconds } from '../core/instant.ts'
import { type Channel, type Incoming, RefusedError, type Session } from './session.ts'

/** Messages that were taken to be looked at. */
export interface Reading {
  /** Those that were meant, the oldest first. */
  readonly found: readonly Incoming[]
  remove(incoming: Incoming): void
  /** All that was not removed goes back, in its old order, and is there when this resolves. */
  close(): Promise<void>
}

export interface Search {
  readonly isMeant: (incoming: Incoming) => boolean
  /** Of those that are meant only the newest so many are kept, for a queue can be larger than our memory. */
  readonly most: number
}

/** A reader that is alive is done by then; one that hangs holds up nobody for longer. */
const patience = milliseconds(10_000)
const pause = milliseconds(50)
/** When nothing has come for so long, nothing more will: some were dropped meanwhile, or a reader that hangs has them. */
const quiet = milliseconds(1_000)

/** Takes all that is in the queue, without acknowledging it, and keeps what is meant; undefined when there is nothing. */
export async function openReading(
  session: Session,
  queue: string,
  search: Search,
  clock: Clock,
): Promise<Reading | undefined> {
  if ((await countIn(session, queue)) === undefined) return undefined
  const endTurn = await awaitTurn(session, queue, clock)
  let reading: Reading | undefined
  try {
    reading = await takeAll(session, queue, search, clock)
  } catch (error) {
    await endTurn().catch(() => {}) // then it ends with the connection
    throw error
  }
  if (!reading) {
    await endTurn()
    return undefined
  }
  const { close } = reading
  return { ...reading, close: () => close().finally(endTurn) }
}

async function takeAll(
  session: Session,
  queue: string,
  search: Search,
  clock: Clock,
): Promise<Reading | undefined> {
  const expected = (await countIn(session, queue)) ?? 0
  if (expected === 0) return undefined
  const channel = await session.openChannel({ confirm: false, prefetch: 0 })
  try {
    const { found, taken } = await take(channel, queue, expected, search, clock)
    let removed = 0
    const remove = (incoming: Incoming): void => {
      removed++
      channel.ack(incoming)
    }
    const close = async (): Promise<void> => {
      await channel.close()
      await untilBack(session, queue, taken - removed, clock)
    }
    return { found, remove, close }
  } catch (error) {
    await channel.close().catch(() => {}) // then it is closed already, and what it took is back
    throw error
  }
}

/** The broker says that the channel is closed, and gives back what it held a moment later. */
async function untilBack(session: Session, queue: string, count: number, clock: Clock): Promise<void> {
  const giveUp = clock.monotonic() + quiet
  while (((await countIn(session, queue)) ?? count) < count && clock.monotonic() < giveUp)
    await clock.sleep(pause)
}

async function countIn(session: Session, queue: string): Promise<number | undefined> {
  const counts = await session.apart(`look at the queue ${queue}`, (channel) => channel.checkQueue(queue))
  return counts?.messages
}

/**
 * Whoever reads finds nothing while another does, so readers take turns: a queue that belongs to one connection is the
 * turn, and goes when that connection does. It is a courtesy, not a lock: who may not declare it reads all the same.
 */
async function awaitTurn(session: Session, queue: string, clock: Clock): Promise<() => Promise<void>> {
  const turn = {
    name: `${queue}.reader`,
    durable: false,
    exclusive: true,
    arguments: { 'x-queue-type': 'classic' },
  } as const
  const giveUp = clock.monotonic() + patience
  for (;;) {
    try {
      await session.apart('read dead letters alone', (channel) => channel.declareQueue(turn))
      return () => session.apart('let others read dead letters', (channel) => channel.deleteQueue(turn.name))
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error
      if (error.replyCode !== 405 || clock.monotonic() >= giveUp) return async () => {}
      await clock.sleep(pause)
    }
  }
}

async function take(
  channel: Channel,
  queue: string,
  expected: number,
  { isMeant, most }: Search,
  clock: Clock,
): Promise<{ readonly found: readonly Incoming[]; readonly taken: number }> {
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
