import { join } from 'node:path'
import { openAmqpBroker } from '../../src/amqp/amqp-broker.ts'
import type { Broker } from '../../src/broker/broker.ts'
import { systemClock } from '../../src/core/clock.ts'
import { openSqliteBroker } from '../../src/sqlite/sqlite-broker.ts'
import type { TaskMessage } from '../../src/task/task-message.ts'
import { amqpOptions } from './amqp-options.ts'
import { aMessage } from './messages.ts'
import type { World } from './world.ts'

/** Where a test sends messages from, whichever broker its world has: the embedded one, or that of the URL. */
export class MailDrop implements AsyncDisposable {
  readonly #broker: Broker

  constructor(world: World, url: string | undefined) {
    this.#broker = url === undefined ? embeddedBroker(world) : openAmqpBroker(amqpOptions(url))
  }

  /** So many of a task, due now, all confirmed. */
  async send(task: string, count: number): Promise<readonly TaskMessage[]> {
    const messages = Array.from({ length: count }, () => aMessage({ task }))
    await this.#broker.publish(messages)
    return messages
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#broker.close()
  }
}

function embeddedBroker({ stateDir }: World): Broker {
  const path = join(stateDir, 'broker.db')
  return openSqliteBroker({
    path,
    create: true,
    clock: systemClock,
    host: 'test',
    pid: process.pid,
    emit: () => {},
  })
}

/** The line of a world's configuration that says so. */
export function brokerLine(url: string | undefined): string {
  return url === undefined ? '' : `broker: { url: "${url}", heartbeat: 2s }`
}
