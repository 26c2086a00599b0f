import type { Verdict } from '../task/verdict.ts'
import type { HeldMessage } from './held-message.ts'
import type { Republisher } from './republisher.ts'

/**
 * Carries out a verdict: what has to come again is published and confirmed before the original is acknowledged, so
 * that there may be two of it and never none. Rejects with BROKER_UNAVAILABLE when it was not confirmed; the message
 * is then held as before.
 *
 * What was lost with its session is nobody's to settle: the broker hands it out again, and the journal knows its end.
 */
export async function settleHeld(held: HeldMessage, verdict: Verdict, post: Republisher): Promise<void> {
  if (!held.lost && verdict.kind !== 'ack') await publishWhatFollows(held, verdict, post)
  if (held.lost) held.letGo()
  else if (verdict.kind === 'release' && verdict.at === undefined && !held.handedOver) held.giveBack()
  else held.ack()
}

async function publishWhatFollows(
  held: HeldMessage,
  verdict: Exclude<Verdict, { kind: 'ack' }>,
  post: Republisher,
): Promise<void> {
  switch (verdict.kind) {
    case 'retry':
      return post.forward(held, { attempt: held.message.attempt + 1, eta: verdict.at })
    case 'release':
      if (verdict.at !== undefined)
        return post.forward(held, { eta: verdict.at, ...(held.stoodInTheWay ? { begun: true } : {}) })
      return held.handedOver ? post.forward(held, { begun: true }) : undefined
    case 'deadLetter':
      return post.setAside(held.incoming, held.queue, verdict.reason)
  }
}
