import { type AmqpBrokerOptions, openAmqpBroker } from '../src/amqp/amqp-broker.ts'
import type { Broker } from '../src/broker/broker.ts'
import { systemClock } from '../src/core/clock.ts'
import type { TaskMessage } from '../src/task/task-message.ts'
import { amqpOptions } from '../test/support/amqp-options.ts'
import { aMessage, anOccurrence, soon } from '../test/support/messages.ts'

export const queue = 'bench'

/** What a script of this folder is called with. */
export function readGround(): { readonly url: string; readonly count: number } {
  const [url = '', count = '0'] = process.argv.slice(2)
  return { url, count: Number(count) }
}

export function openBroker(url: string, change: Partial<AmqpBrokerOptions> = {}): Broker {
  return openAmqpBroker(amqpOptions(url, { queues: [queue], ...change }))
}

/** Makes the queue, and all that we keep beside it. */
export async function declareQueue(url: string): Promise<void> {
  const broker = openBroker(url)
  const consumer = broker.consume({ queues: [queue], slots: 1, deliver: () => {} })
  while ((await broker.status()).workers.length === 0) await systemClock.sleep(soonAgain, never)
  await consumer.stop()
  await broker.close()
}

const soonAgain = 50 as Parameters<typeof systemClock.sleep>[0]
const never = new AbortController().signal

/** Sent tasks that are due. */
export function sentMessages(count: number): readonly TaskMessage[] {
  return Array.from({ length: count }, (_, n) => aMessage({ queue, task: 'bench.nothing', args: [n] }))
}

/** Occurrences that are due soon, as a beat looks ahead. */
export function occurrences(count: number): readonly TaskMessage[] {
  const due = soon(20_000)
  return Array.from({ length: count }, (_, n) =>
    anOccurrence(
      `entry-${n}`,
      { startBy: soon(80_000) },
      { queue, task: 'bench.nothing', args: [n], eta: due },
    ),
  )
}
