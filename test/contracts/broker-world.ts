import { onTestFinished, vi } from 'vitest'
import type { Broker } from '../../src/broker/broker.ts'
import type { BrokerEvent } from '../../src/broker/broker-event.ts'
import type { QueueStatus } from '../../src/broker/broker-status.ts'
import type { Delivery } from '../../src/broker/delivery.ts'
import { Inbox } from '../support/inbox.ts'

/** One broker as its users meet it: several connections to the same place, and a process that can be killed. */
export interface BrokerWorld {
  /** Another connection, as another process would have it. */
  connect(emit?: (event: BrokerEvent) => void): Promise<Broker>
  /** A process that takes one delivery, acknowledges it if it shall, and holds it; resolves once it does. `kill` is SIGKILL. */
  holdInProcess(how?: {
    readonly acknowledged: boolean
  }): Promise<{ messageId: string; kill(): Promise<void> }>
  /** Whether the broker itself keeps one message an id. Otherwise the journal of the workers tells the copies apart. */
  readonly keepsOneCopy: boolean
  /** Whether the more important goes first, and then what was due earlier. Otherwise it is first in, first out. */
  readonly ordersByPriority: boolean
  /** Whether the counts of the status are of one moment. Otherwise they are soon what they should be. */
  readonly countsAtOnce: boolean
}

export async function openConnected(
  openWorld: () => Promise<BrokerWorld>,
): Promise<{ world: BrokerWorld; broker: Broker }> {
  const world = await openWorld()
  return { world, broker: await world.connect() }
}

export function consume(
  broker: Broker,
  slots = 10,
  queues: readonly string[] = ['taskbeat'],
): Inbox & { stop(): Promise<void> } {
  const inbox = new Inbox()
  const consumer = broker.consume({ queues, slots, deliver: inbox.deliver })
  onTestFinished(() => consumer.stop())
  return Object.assign(inbox, { stop: () => consumer.stop() })
}

export async function expectQueues(
  { countsAtOnce }: BrokerWorld,
  broker: Broker,
  check: (queues: readonly QueueStatus[]) => void,
): Promise<void> {
  const look = async (): Promise<void> => check((await broker.status()).queues)
  await (countsAtOnce ? look() : vi.waitFor(look, { timeout: 30_000, interval: 100 }))
}

export async function ackAll(deliveries: readonly Delivery[]): Promise<void> {
  await Promise.all(deliveries.map((delivery) => delivery.settle({ kind: 'ack' })))
}
