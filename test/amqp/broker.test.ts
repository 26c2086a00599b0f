import { expect, test } from 'vitest'
import type { PublishError } from '../../src/broker/publish-error.ts'
import { brokerContract } from '../contracts/broker-contract.ts'
import { overlapContract } from '../contracts/overlap-contract.ts'
import { termContract } from '../contracts/term-contract.ts'
import { connectAmqp, openAmqpBrokerWorld } from '../support/amqp-broker-world.ts'
import { openTestLink } from '../support/amqp-world.ts'
import { aMessage } from '../support/messages.ts'
import { useRabbitmq } from '../support/rabbitmq.ts'

const rabbitmq = useRabbitmq()

brokerContract('RabbitMQ', async () => openAmqpBrokerWorld(await rabbitmq.url()))
overlapContract('RabbitMQ', async () => openAmqpBrokerWorld(await rabbitmq.url()))
termContract('RabbitMQ, as a whole', async () => openAmqpBrokerWorld(await rabbitmq.url()))

test('a candidacy that what exists stands in the way of leaves no connection behind', async () => {
  const { url, vhost, node } = await rabbitmq.broker()
  const connections = async (): Promise<string> =>
    node.evaluate(
      `length([1 || [{vhost, <<"${vhost}">>}] <- rabbit_networking:connection_info_all([vhost])])`,
    )
  const foreign = { name: 'taskbeat', durable: true, arguments: { 'x-queue-type': 'quorum' } }
  const session = await openTestLink(url).session()
  await session.apart('', (channel) => channel.declareQueue(foreign))
  const broker = connectAmqp(url)
  const candidate = { group: 'main', host: 'one', pid: 1, scheduleHash: 'aaaa' }
  for (let times = 0; times < 3; times++)
    await expect(broker.lead(candidate, AbortSignal.timeout(30_000))).rejects.toThrow(/other properties/)
  await expect.poll(connections).toBe('2') // that of the test, and that to publish
})

test('what a batch could not leave in one queue is named beside what found no queue at all', async () => {
  const { url } = await rabbitmq.broker()
  const full = { 'x-queue-type': 'classic', 'x-max-length': 1, 'x-overflow': 'reject-publish' }
  const session = await openTestLink(url).session()
  await session.apart('', (channel) => channel.declareQueue({ name: 'full', durable: true, arguments: full }))
  const broker = connectAmqp(url, { typeOf: () => 'existing' })
  const some = (queue: string) => Array.from({ length: 5 }, () => aMessage({ queue }))
  const messages = [...some('full'), ...some('absent')]
  const error = await broker.publish(messages).catch((thrown: unknown) => thrown)
  const { failed } = error as PublishError
  const left = (await session.apart('', (channel) => channel.checkQueue('full')))?.messages ?? 0
  expect(failed.length).toBe(messages.length - left)
})
