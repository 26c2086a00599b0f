import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { parseAmqpUrl } from '../../src/amqp/address.ts'
import { type AmqpBrokerOptions, openAmqpBroker } from '../../src/amqp/amqp-broker.ts'
import type { Broker } from '../../src/broker/broker.ts'
import type { BrokerEvent } from '../../src/broker/broker-event.ts'
import { systemClock } from '../../src/core/clock.ts'
import { milliseconds } from '../../src/core/instant.ts'

export const amqpProcess: string = fileURLToPath(new URL('amqp-process.ts', import.meta.url))

/** What a broker of the tests is opened with, but for what a test says of it. */
export function amqpOptions(url: string, change: Partial<AmqpBrokerOptions> = {}): AmqpBrokerOptions {
  const address = parseAmqpUrl(url)
  if ('problem' in address) throw new Error(address.problem)
  return {
    addresses: [address],
    heartbeat: milliseconds(10_000),
    hold: milliseconds(60_000),
    consumerTimeout: milliseconds(1_800_000),
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

/** A connection to RabbitMQ as another process would have it, closed when the test has ended. */
export function connectAmqp(url: string, change: Partial<AmqpBrokerOptions> = {}): Broker {
  const broker = openAmqpBroker(amqpOptions(url, change))
  onTestFinished(() => broker.close())
  return broker
}

/** The events of a broker alone, without those of its connections. */
export function brokerEvents(emit: (event: BrokerEvent) => void): AmqpBrokerOptions['emit'] {
  return (event) => {
    if (!event.kind.startsWith('link')) emit(event as BrokerEvent)
  }
}
