import { brokerContract } from '../contracts/broker-contract.ts'
import { termContract } from '../contracts/term-contract.ts'
import { openAmqpBrokerWorld } from '../support/amqp-broker-world.ts'
import { useRabbitmq } from '../support/rabbitmq.ts'

const rabbitmq = useRabbitmq()

brokerContract('RabbitMQ', async () => openAmqpBrokerWorld(await rabbitmq.url()))
termContract('RabbitMQ, as a whole', async () => openAmqpBrokerWorld(await rabbitmq.url()))
