import { expect, test } from 'vitest'
import { connectAmqp } from '../support/amqp-broker-world.ts'
import { openTestLink } from '../support/amqp-world.ts'
import { aMessage } from '../support/messages.ts'
import { useRabbitmq } from '../support/rabbitmq.ts'
import { aScript, registryOf } from '../support/tasks.ts'
import { openWorkerWorld } from '../support/worker-world.ts'

const rabbitmq = useRabbitmq()
const theirs = 'celery'

test('failed runs hold no places while the queue of others that takes word of them is not there', async () => {
  const url = await rabbitmq.url()
  const typeOf = (queue: string) => (queue === theirs ? 'existing' : 'quorum')
  const registry = registryOf(
    aScript('exit 3', { onFailure: 'notify' }),
    aScript('true', { name: 'notify', queue: theirs }),
  )
  const broker = connectAmqp(url, { typeOf })
  const { log, worker } = openWorkerWorld({ registry, broker, concurrency: 1 })
  await worker.start()
  await broker.publish([1, 2, 3].map(() => aMessage()))
  await expect.poll(() => log.of('runEnded').length, { timeout: 30_000 }).toBe(3)
  const session = await openTestLink(url).link.session(new AbortController().signal)
  const waiting = () =>
    session.apart('look', async (channel) => (await channel.checkQueue(theirs))?.messages ?? -1)
  expect(await waiting()).toBe(-1)
  await session.apart('declare it', (channel) =>
    channel.declareQueue({
      name: theirs,
      durable: true,
      exclusive: false,
      autoDelete: false,
      arguments: { 'x-queue-type': 'classic' },
    }),
  )
  await expect.poll(waiting, { timeout: 30_000 }).toBe(3)
})
