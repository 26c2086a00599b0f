import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { type AmqpBrokerOptions, openAmqpBroker } from '../../src/amqp/amqp-broker.ts'
import type { Broker } from '../../src/broker/broker.ts'
import type { BrokerEvent } from '../../src/broker/broker-event.ts'
import type { BrokerWorld } from '../contracts/broker-world.ts'
import type { TermWorld } from '../contracts/term-contract.ts'
import { amqpOptions } from './amqp-options.ts'
import { startNode } from './child.ts'

export const amqpProcess: string = fileURLToPath(new URL('amqp-process.ts', import.meta.url))

/** A connection to RabbitMQ as another process would have it, closed when the test has ended. */
export function connectAmqp(url: string, change: Partial<AmqpBrokerOptions> = {}): Broker {
  const broker = openAmqpBroker(amqpOptions(url, change))
  onTestFinished(() => broker.close())
  return broker
}

/** RabbitMQ in a virtual host of the test's own. */
export async function openAmqpBrokerWorld(url: string): Promise<BrokerWorld & TermWorld> {
  return {
    connect: async (emit) => connectAmqp(url, emit ? { emit: withoutLinks(emit) } : {}),
    keepsOneCopy: false,
    ordersByPriority: false,
    countsAtOnce: false,
    holdInProcess: async ({ acknowledged } = { acknowledged: false }) => {
      const child = startNode(amqpProcess, [acknowledged ? 'acknowledge' : 'hold', url])
      return { messageId: await child.line(), kill: () => child.kill() }
    },
    leadInProcess: async (message, cursor) => {
      const child = startNode(amqpProcess, ['lead', url, JSON.stringify({ message, cursor })])
      await child.line()
      return { kill: () => child.kill() }
    },
  }
}

/** The events of the broker alone, without those of its connections. */
export function withoutLinks(emit: (event: BrokerEvent) => void): AmqpBrokerOptions['emit'] {
  return (event) => {
    if (!event.kind.startsWith('link')) emit(event as BrokerEvent)
  }
}
