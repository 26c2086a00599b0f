import { defaultDeadlines } from '../../src/amqp/deadlines.ts'
import { openSession } from '../../src/amqp/open-session.ts'
import type { Session } from '../../src/amqp/session.ts'
import { parseAmqpUrl } from '../../src/config/amqp-url.ts'
import { systemClock } from '../../src/core/clock.ts'
import type { Milliseconds } from '../../src/core/instant.ts'

/** One session, without a link that would keep it. */
export async function openTestSession(
  url: string,
  heartbeatMs: Milliseconds,
  signal: AbortSignal,
): Promise<Session> {
  const address = parseAmqpUrl(url)
  if ('problem' in address) throw new Error(address.problem)
  return openSession({
    address,
    name: 'test',
    readPassword: undefined,
    tls: {},
    heartbeatMs,
    clock: systemClock,
    deadlines: defaultDeadlines,
    signal,
    onBlocked: () => {},
    onUnblocked: () => {},
  })
}
