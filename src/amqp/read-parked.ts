import type { BrokerEvent } from '../broker/broker-event.ts'
import type { Clock } from '../core/clock.ts'
import { milliseconds } from '../core/instant.ts'
import { newUuid } from '../core/uuid.ts'
import type { TaskMessage } from '../task/task-message.ts'
import { isMarker, marker, readParked } from './parked-letter.ts'
import { compareStamps } from './revocations.ts'
import type { Channel, Incoming } from './session.ts'

/** A message that waits, held unacknowledged. */
export interface Letter {
  readonly message: TaskMessage
  readonly incoming: Incoming
}

export interface ParkedReading {
  readonly letters: readonly Letter[]
  /** False: there are more than are looked at, or another reader has them. */
  readonly isAll: boolean
  /** It waits no more. */
  remove(letter: Letter): void
  /** Gives back what was not removed. */
  close(): Promise<void>
}

export interface ReadingParts {
  /** Confirmed. */
  readonly publishing: Pick<Channel, 'publish'>
  /** To be kept: RabbitMQ may forget the last of many acknowledgements of one that is closed. */
  readonly channel: Channel
  readonly queue: string
  readonly clock: Clock
  readonly emit: (event: BrokerEvent) => void
}

/** Far more than are ever there. It has to be said: none is 2,000 for a quorum queue. */
const most = 30_000
/** Our own mark comes back by then. */
const patience = milliseconds(60_000)
const betweenMarks = milliseconds(1_000)

/**
 * Takes all that lies in the queue. A queue does not say where it ends, so a mark is put there: what was there before it
 * is what comes before it.
 *
 * Of the copies of one message the newest is given and the others are removed, as is what is no message of ours.
 */
export async function takeParked(parts: ReadingParts): Promise<ParkedReading> {
  const { channel, queue } = parts
  const held = new Set<Incoming>()
  const taken: Incoming[] = []
  const mark = newUuid()
  const complete = new AbortController()
  const remove = (incoming: Incoming): void => {
    held.delete(incoming)
    channel.ack(incoming)
  }
  const subscription = await channel.consume(queue, { prefetch: most }, (incoming) => {
    if (isMarker(incoming)) channel.ack(incoming)
    else held.add(incoming)
    if (!isMarker(incoming) && !complete.signal.aborted) taken.push(incoming)
    if (incoming.messageId === mark || held.size === most) complete.abort()
  })
  await putMark(parts, mark, AbortSignal.any([complete.signal, channel.lost]))
  channel.lost.throwIfAborted()
  return {
    letters: newestOf(decode(taken, parts, remove), remove),
    isAll: complete.signal.aborted && held.size < most,
    remove: ({ incoming }) => remove(incoming),
    close: async () => {
      await subscription.cancel()
      for (const incoming of held) channel.giveBack(incoming)
    },
  }
}

/** Resolves when it is found, or patience is over. A queue of a cluster refuses it while it has no leader. */
async function putMark(
  { publishing, queue, clock }: ReadingParts,
  mark: string,
  found: AbortSignal,
): Promise<void> {
  const giveUp = clock.monotonic() + patience
  while (!found.aborted && clock.monotonic() < giveUp) {
    const { kind } = await publishing.publish(marker(queue, mark))
    const rest = milliseconds(Math.max(0, giveUp - clock.monotonic()))
    await clock.sleep(kind === 'refused' ? betweenMarks : rest, found)
  }
}

type Remove = (incoming: Incoming) => void

function decode(
  taken: readonly Incoming[],
  { queue, clock, emit }: ReadingParts,
  remove: Remove,
): readonly Letter[] {
  return taken.flatMap((incoming) => {
    const message = readParked(incoming, clock.now())
    if (!('problem' in message)) return [{ message, incoming }]
    emit({ kind: 'messageUndecodable', id: incoming.messageId ?? '', queue, reason: message.problem })
    remove(incoming)
    return []
  })
}

function newestOf(letters: readonly Letter[], remove: Remove): readonly Letter[] {
  const newest = new Map<string, Letter>()
  for (const letter of letters) {
    const former = newest.get(letter.message.id)
    const isNewer = !former || isLater(letter.message, former.message)
    if (isNewer) newest.set(letter.message.id, letter)
    const older = isNewer ? former : letter
    if (older) remove(older.incoming)
  }
  return [...newest.values()]
}

function isLater({ occurrence: a }: TaskMessage, { occurrence: b }: TaskMessage): boolean {
  return a !== undefined && b !== undefined && compareStamps(a.stamp, b.stamp) > 0
}
