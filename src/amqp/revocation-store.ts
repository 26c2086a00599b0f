import { between, type Instant } from '../core/instant.ts'
import { parseStrictJson } from './codec-json.ts'
import { Unreadable } from './codec-unreadable.ts'
import { forgottenAt, type RevocationNotice, readRevocations, toRequest } from './revocations.ts'
import type { Channel, Incoming, Outgoing, Session } from './session.ts'
import { mostStoredRevocations, revocationQueue } from './topology.ts'

/**
 * The revocations of a group that are not void, for whoever leads next: a queue that is read by each new leader and
 * never emptied by one. What is void the broker removes by itself, by the expiration that each message has.
 */
export function toStored(group: string, notice: RevocationNotice, now: Instant): Outgoing {
  return {
    exchange: '',
    routingKey: revocationQueue(group),
    body: Buffer.from(JSON.stringify(toRequest(notice).arguments)),
    headers: {},
    expiration: Math.max(0, between(now, forgottenAt(notice))),
  }
}

/** Rejects when the session is lost. */
export async function readStored(
  session: Session,
  group: string,
  now: Instant,
): Promise<readonly RevocationNotice[]> {
  const queue = revocationQueue(group)
  return session.apart(`read what is revoked from ${queue}`, async (channel) => {
    const notices: RevocationNotice[] = []
    for await (const incoming of takeAll(channel, queue)) {
      const notice = read(incoming)
      // The broker looks for what has expired at the head of a queue only.
      if (notice && forgottenAt(notice) > now) notices.push(notice)
      else channel.ack(incoming)
    }
    return notices // with the channel they go back
  })
}

async function* takeAll(channel: Channel, queue: string): AsyncGenerator<Incoming> {
  for (let count = 0; count < mostStoredRevocations; count++) {
    const incoming = await channel.get(queue)
    if (!incoming) return
    yield incoming
  }
}

/** Everybody who can publish to the broker can write one. */
function read({ body }: Incoming): RevocationNotice | undefined {
  try {
    const args = parseStrictJson(body.toString('utf8'))
    return typeof args === 'object' && args !== null ? readRevocations({ ...args }) : undefined
  } catch (error) {
    if (error instanceof Unreadable) return undefined
    throw error
  }
}
