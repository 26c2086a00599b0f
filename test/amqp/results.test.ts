import { resultsContract } from '../contracts/results-contract.ts'
import { openAmqpBrokerWorld } from '../support/amqp-broker-world.ts'
import { useRabbitmq } from '../support/rabbitmq.ts'

const rabbitmq = useRabbitmq()

resultsContract('RabbitMQ', async () => openAmqpBrokerWorld(await rabbitmq.url()))
