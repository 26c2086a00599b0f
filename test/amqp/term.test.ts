import { termContract } from '../contracts/term-contract.ts'
import { AmqpTermWorld } from '../support/amqp-term-world.ts'
import { useRabbitmq } from '../support/rabbitmq.ts'

const rabbitmq = useRabbitmq()

termContract('RabbitMQ', async () => new AmqpTermWorld(await rabbitmq.url()))
