import { judgingTime } from '../support/judging-time.ts'
import { useRabbitmq } from '../support/rabbitmq.ts'
import { openWorld } from '../support/test-world.ts'
import { measurePunctuality } from './punctuality.ts'

const rabbitmq = useRabbitmq()

judgingTime(
  'on RabbitMQ, too, a task starts within 20 ms of its time, and never before it',
  async () => measurePunctuality(openWorld(), { seconds: 10, runsPerSecond: 100, url: await rabbitmq.url() }),
  120_000,
)
