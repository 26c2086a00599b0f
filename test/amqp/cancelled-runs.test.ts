import { expect, onTestFinished, test } from 'vitest'
import { storeCancelled } from '../../src/amqp/cancelled-runs.ts'
import { cancelledStream } from '../../src/amqp/topology.ts'
import type { Broker } from '../../src/broker/broker.ts'
import { instant, milliseconds } from '../../src/core/instant.ts'
import { newUuid } from '../../src/core/uuid.ts'
import { connectAmqp } from '../support/amqp-broker-world.ts'
import { openTestLink } from '../support/amqp-world.ts'
import { fastClock } from '../support/fast-clock.ts'
import { Inbox } from '../support/inbox.ts'
import { aMessage, soon } from '../support/messages.ts'
import { useRabbitmq } from '../support/rabbitmq.ts'

const rabbitmq = useRabbitmq()

function startWorker(
  url: string,
  options: Parameters<typeof connectAmqp>[1] = {},
): { readonly broker: Broker; readonly inbox: Inbox } {
  const inbox = new Inbox()
  const broker = connectAmqp(url, options)
  const consumer = broker.consume({ queues: ['taskbeat'], slots: 10, deliver: inbox.deliver })
  onTestFinished(() => consumer.stop())
  return { broker, inbox }
}

/** What a worker that starts now gets first, and whether it may start it. */
async function firstOfNewWorkers(url: string): Promise<unknown> {
  const [first] = await Promise.race([startWorker(url), startWorker(url)].map(({ inbox }) => inbox.take(1)))
  return { id: first?.message.id, veto: first?.veto?.kind }
}

test('what was cancelled never starts, though its sender has gone and all workers are others', async () => {
  const url = await rabbitmq.url()
  const former = startWorker(url)
  const client = connectAmqp(url)
  const { id, ...rest } = aMessage({ eta: soon(1_500) })
  await client.results.send([{ id, ...rest }])
  expect(await client.results.cancel(id, { abort: false })).toBe('dropped')
  await client.close()
  await former.broker.close()
  expect(await firstOfNewWorkers(url)).toEqual({ id, veto: 'revoked' })
})

test('what was cancelled while no worker was there never starts', async () => {
  const url = await rabbitmq.url()
  const client = connectAmqp(url)
  const [gone, kept] = [aMessage(), aMessage()]
  await client.results.send([gone, kept])
  expect(await client.results.cancel(gone.id, { abort: false })).toBe('dropped')
  const { inbox } = startWorker(url)
  const vetoes = new Map((await inbox.take(2)).map(({ message, veto }) => [message.id, veto?.kind]))
  expect(vetoes).toEqual(
    new Map([
      [gone.id, 'revoked'],
      [kept.id, undefined],
    ]),
  )
})

test('what another process has sent never starts once it is cancelled, though nobody can say so', async () => {
  const url = await rabbitmq.url()
  const message = aMessage()
  await connectAmqp(url).publish([message])
  const other = connectAmqp(url)
  expect(await other.results.cancel(message.id, { abort: false })).toBe('unknown')
  await other.close()
  expect(await firstOfNewWorkers(url)).toEqual({ id: message.id, veto: 'revoked' })
})

test('a worker that needs long to read what was cancelled takes work all the same', async () => {
  const url = await rabbitmq.url()
  const session = await openTestLink(url).session()
  const at = instant(Date.now())
  await storeCancelled(session, newUuid(), at)
  const channel = await session.openChannel({ confirm: true, prefetch: 0 })
  const store = () =>
    channel.publish({
      exchange: '',
      routingKey: cancelledStream.name,
      body: Buffer.from(JSON.stringify({ id: newUuid(), at })),
      headers: {},
    })
  await Promise.all(Array.from({ length: 40_000 }, store)) // about as many as are kept
  const message = aMessage()
  await connectAmqp(url).publish([message])
  const long = milliseconds(1_000_000)
  const deadlines = { connectMs: long, answerMs: long, confirmMs: long }
  const { inbox } = startWorker(url, { clock: fastClock(50), deadlines })
  expect((await inbox.take(1)).map((delivery) => delivery.message.id)).toEqual([message.id])
})
