import type { Clock } from '../core/clock.ts'
import { type Milliseconds, milliseconds, plus } from '../core/instant.ts'
import { newUuid } from '../core/uuid.ts'
import {
  type ControlReply,
  type ControlRequest,
  decodeReply,
  encodeRequest,
  replyQueuePrefix,
} from './control.ts'
import { ownQueue } from './control-listener.ts'
import type { Session } from './session.ts'
import { controlExchange } from './topology.ts'

/** Clocks of hosts differ; a request is stale only when it is older than they could. */
const staleAfter = milliseconds(60_000)
/** Nobody has so many processes; whoever floods us with answers does not fill our memory. */
const mostReplies = 10_000
const mostReplyBytes = 32 * 1_048_576

/** For how long answers are waited for. */
export interface Patience {
  readonly atMost: Milliseconds
  /** Also when there is enough. Default 0. */
  readonly atLeast?: Milliseconds
  /** Asked after each answer, and once without any. Default: all that are named have answered. */
  readonly isEnough?: (replies: readonly ControlReply[]) => boolean
}

/** Asks all processes, or those that are named, and resolves with what was answered. Rejects when the session is lost. */
export async function callControl(
  session: Session,
  request: Omit<ControlRequest, 'answer'>,
  clock: Clock,
  { atMost, atLeast = milliseconds(0), isEnough = isComplete(request.destination) }: Patience,
): Promise<readonly ControlReply[]> {
  const answer = { ticket: newUuid(), queue: `${replyQueuePrefix}${newUuid()}` }
  const replies: ControlReply[] = []
  let bytes = 0
  const complete = new AbortController()
  await session.apart(`declare ${controlExchange.name}`, (apart) => apart.declareExchange(controlExchange))
  const channel = await session.openChannel({ confirm: false, prefetch: 0 })
  try {
    await channel.declareQueue(ownQueue(answer.queue))
    await channel.consume(answer.queue, { noAck: true }, (incoming) => {
      bytes += incoming.body.length
      if (replies.length >= mostReplies || bytes > mostReplyBytes) return
      const found = decodeReply(incoming, answer.ticket)
      if ('problem' in found) return
      replies.push(...found.slice(0, mostReplies - replies.length))
      if (isEnough(replies)) complete.abort()
    })
    await channel.publish(encodeRequest({ ...request, answer }, plus(clock.now(), staleAfter)))
    if (isEnough(replies)) complete.abort()
    await clock.sleep(atLeast, channel.lost)
    await clock.sleep(milliseconds(atMost - atLeast), AbortSignal.any([complete.signal, channel.lost]))
    channel.lost.throwIfAborted()
    return replies
  } finally {
    const closed = channel.close()
    if (!session.blocked) await closed // a broker that reads nothing does not answer that either
  }
}

function isComplete(
  destination: readonly string[] | undefined,
): (replies: readonly ControlReply[]) => boolean {
  return (replies) => destination !== undefined && replies.length >= destination.length
}
