import { expect, test } from 'vitest'
import { connectAmqp } from '../support/amqp-broker-world.ts'
import { Inbox } from '../support/inbox.ts'
import { aMessage } from '../support/messages.ts'
import { useRabbitmq } from '../support/rabbitmq.ts'

const rabbitmq = useRabbitmq()

test('what was published is consumed, and gone when it was acknowledged', async () => {
  const broker = connectAmqp(await rabbitmq.url())
  const message = aMessage()
  await broker.publish([message])
  const inbox = new Inbox()
  broker.consume({ queues: ['taskbeat'], slots: 10, deliver: inbox.deliver })
  const delivery = await inbox.next()
  expect(delivery.message).toEqual(message)
  await delivery.settle({ kind: 'ack' })
  expect((await broker.status()).queues).toEqual([])
})
