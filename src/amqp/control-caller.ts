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

/**
 * Asks all processes, or those that are named, and resolves with what was answered within `wait`: at once when all that
 * are named have answered. Rejects when the session is lost.
 */
export async function callControl(
  session: Session,
  request: Omit<ControlRequest, 'answer'>,
  wait: Milliseconds,
  clock: Clock,
): Promise<readonly ControlReply[]> {
  const answer = { ticket: newUuid(), queue: `${replyQueuePrefix}${newUuid()}` }
  const replies: ControlReply[] = []
  const complete = new AbortController()
  await session.apart(`declare ${controlExchange.name}`, (apart) => apart.declareExchange(controlExchange))
  const channel = await session.openChannel({ confirm: false, prefetch: 0 })
  try {
    await channel.declareQueue(ownQueue(answer.queue))
    await channel.consume(answer.queue, { noAck: true }, (incoming) => {
      const found = decodeReply(incoming, answer.ticket)
      if ('problem' in found || replies.length >= mostReplies) return
      replies.push(...found)
      if (request.destination && replies.length >= request.destination.length) complete.abort()
    })
    await channel.publish(encodeRequest({ ...request, answer }, plus(clock.now(), staleAfter)))
    await clock.sleep(wait, AbortSignal.any([complete.signal, channel.lost]))
    channel.lost.throwIfAborted()
    return replies
  } finally {
    await channel.close()
  }
}
