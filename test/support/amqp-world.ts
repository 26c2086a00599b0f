import { onTestFinished } from 'vitest'
import type { Link } from '../../src/amqp/link.ts'
import { type LinkOptions, openLink } from '../../src/amqp/open-link.ts'
import type { Session } from '../../src/amqp/session.ts'
import type { LinkEvent } from '../../src/broker/broker-event.ts'
import { parseAmqpUrl } from '../../src/config/amqp-url.ts'
import { systemClock } from '../../src/core/clock.ts'
import { milliseconds } from '../../src/core/instant.ts'
import { EventLog } from './event-log.ts'
import { seededRandom } from './seeded-random.ts'

export interface LinkWorld {
  readonly link: Link
  readonly events: EventLog<LinkEvent>
  /** The present session, or the next one. */
  session(): Promise<Session>
}

/** A link of a test's own, closed with it; tries again quickly. */
export function openTestLink(url: string | readonly string[], options: Partial<LinkOptions> = {}): LinkWorld {
  const events = new EventLog<LinkEvent>()
  const addresses = [url].flat().map((each) => {
    const address = parseAmqpUrl(each)
    if ('problem' in address) throw new Error(address.problem)
    return address
  })
  const link = openLink({
    name: 'test',
    addresses,
    clock: systemClock,
    random: seededRandom(1),
    emit: events.emit,
    backoff: { firstMs: 20, factor: 2, longestMs: 200, jitter: 'full' },
    deadlines: { closeMs: milliseconds(500) },
    ...options,
  })
  onTestFinished(() => link.close())
  return { link, events, session: () => link.session(AbortSignal.timeout(15_000)) }
}
