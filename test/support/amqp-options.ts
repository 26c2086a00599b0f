import type { AmqpBrokerOptions } from '../../src/amqp/amqp-broker.ts'
import { parseAmqpUrl } from '../../src/config/amqp-url.ts'
import { systemClock } from '../../src/core/clock.ts'
import { milliseconds } from '../../src/core/instant.ts'

/** What a broker of the tests is opened with, but for what a test says of it. */
export function amqpOptions(url: string, change: Partial<AmqpBrokerOptions> = {}): AmqpBrokerOptions {
  const address = parseAmqpUrl(url)
  if ('problem' in address) throw new Error(address.problem)
  return {
    addresses: [address],
    heartbeat: milliseconds(10_000),
    hold: milliseconds(60_000),
    consumerTimeout: milliseconds(1_800_000),
    group: 'main',
    queues: ['taskbeat', 'other'],
    typeOf: () => 'quorum',
    clock: systemClock,
    random: Math.random,
    host: 'here',
    pid: process.pid,
    emit: () => {},
    ...change,
  }
}
