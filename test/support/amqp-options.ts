import type { AmqpBrokerOptions } from '../../src/amqp/amqp-broker.ts'
import { type Address, parseAmqpUrl } from '../../src/config/amqp-url.ts'
import { systemClock } from '../../src/core/clock.ts'
import { milliseconds } from '../../src/core/instant.ts'

/** Where a broker is; those of a cluster in the order of preference. */
export type BrokerUrl = string | readonly string[]

/** What a broker of the tests is opened with, but for what a test says of it. */
export function amqpOptions(url: BrokerUrl, change: Partial<AmqpBrokerOptions> = {}): AmqpBrokerOptions {
  return {
    addresses: [url].flat().map(addressOf),
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

function addressOf(url: string): Address {
  const address = parseAmqpUrl(url)
  if ('problem' in address) throw new Error(address.problem)
  return address
}
