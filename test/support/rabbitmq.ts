import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { beforeAll, beforeEach, inject, onTestFinished } from 'vitest'
import type { RabbitmqAnswer } from './global-setup.ts'
import { RabbitmqControl, type TestBroker } from './rabbitmq-control.ts'
import { requires } from './requirements.ts'

/** The RabbitMQ that the whole run shares, and its virtual hosts. */
export interface SharedRabbitmq {
  readonly node: RabbitmqControl
  /** `amqp://guest:guest@127.0.0.1:…/…`, in a virtual host of the test's own that goes with it. */
  url(): Promise<string>
  /** The same, with what it is made of. */
  broker(): Promise<TestBroker>
}

/** To be called at the top of a test file: its tests run when there is a RabbitMQ, and are skipped or fail otherwise. */
export function useRabbitmq(): SharedRabbitmq {
  let answer: RabbitmqAnswer | undefined
  beforeAll(async () => {
    answer = await ask(inject('rabbitmqSocket'))
  }, 300_000)
  beforeEach((context) => {
    requires(context, answer !== undefined && 'port' in answer, missingFrom(answer))
  })
  const node = (): RabbitmqControl => {
    if (!answer || !('port' in answer)) throw new Error(missingFrom(answer))
    return new RabbitmqControl(answer)
  }
  const broker = async (): Promise<TestBroker> => {
    const opened = await node().openBroker()
    onTestFinished(() => opened.node.removeVhost(opened.vhost))
    return opened
  }
  return {
    get node() {
      return node()
    },
    broker,
    url: async () => (await broker()).url,
  }
}

/** The virtual host in such a URL. */
export function vhostOf(url: string): string {
  return new URL(url).pathname.slice(1)
}

async function ask(socketPath: string): Promise<RabbitmqAnswer> {
  const socket = connect(socketPath)
  await once(socket, 'connect')
  return JSON.parse(await text(socket))
}

function missingFrom(answer: RabbitmqAnswer | undefined): string {
  return answer && 'missing' in answer ? answer.missing : 'RabbitMQ was not asked for'
}
