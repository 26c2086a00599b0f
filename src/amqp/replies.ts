import { followHeader } from './codec-printed.ts'
import type { Outgoing } from './session.ts'

/** Where a sender wants to hear of the runs that he sends. */
export interface Replies {
  readonly queue: string
  /** What they print too. */
  readonly followed: boolean
}

/** The same message, with that said. */
export function withReplies(outgoing: Outgoing, { queue, followed }: Replies): Outgoing {
  const { messageId, headers } = outgoing
  return {
    ...outgoing,
    replyTo: queue,
    ...(messageId ? { correlationId: messageId } : {}),
    ...(followed ? { headers: { ...headers, [followHeader]: true } } : {}),
  }
}
