import { expect, test } from 'vitest'
import { brokerContract } from '../contracts/broker-contract.ts'
import { overlapContract } from '../contracts/overlap-contract.ts'
import { termContract } from '../contracts/term-contract.ts'
import { connectAmqp, openAmqpBrokerWorld } from '../support/amqp-broker-world.ts'
import { openTestLink } from '../support/amqp-world.ts'
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
