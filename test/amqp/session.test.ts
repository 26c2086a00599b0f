import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Incoming } from '../../src/amqp/session.ts'
import { milliseconds } from '../../src/core/instant.ts'
import { openTestLink } from '../support/amqp-world.ts'
import { useRabbitmq } from '../support/rabbitmq.ts'

const rabbitmq = useRabbitmq()
const quorum = { 'x-queue-type': 'quorum', 'x-delivery-limit': 200 }

test('what is published and confirmed is delivered, and acknowledged it is gone', async () => {
  const session = await openTestLink(await rabbitmq.url()).session()
  const channel = await session.openChannel({ confirm: true, prefetch: 10 })
  await channel.declareQueue({ name: 'q', durable: true, arguments: quorum })
  const outcome = await channel.publish({
    exchange: '',
    routingKey: 'q',
    body: Buffer.from('"hi"'),
    headers: { 'x-a': 1 },
    messageId: 'm1',
  })
  expect(outcome).toEqual({ kind: 'confirmed' })
  const delivered = await new Promise<Incoming>((resolve) => void channel.consume('q', {}, resolve))
  expect(delivered).toMatchObject({ messageId: 'm1', redelivered: false, queue: 'q' })
  channel.ack(delivered)
  await session.close()
  expect(
    await (await openTestLink(await rabbitmq.url()).session()).apart('look', (c) => c.checkQueue('q')),
  ).toBe(undefined)
})

test('an answer that came in time is in time, although the process stood still and reads it late', async () => {
  const limit = milliseconds(300)
  const session = await openTestLink(await rabbitmq.url(), {
    deadlines: { confirmMs: limit, answerMs: limit },
  }).session()
  const channel = await session.openChannel({ confirm: true, prefetch: 0 })
  await channel.declareQueue({ name: 'q', durable: true, arguments: quorum })
  const outcome = channel.publish({ exchange: '', routingKey: 'q', body: Buffer.from('1'), headers: {} })
  const counts = session.apart('look', (each) => each.checkQueue('q'))
  for (let turn = 0; turn < 3; turn++) await setImmediate() // until it is written
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3 * limit)
  expect(await outcome).toEqual({ kind: 'confirmed' })
  expect(await counts).toMatchObject({ consumers: 0 })
  expect(session.lost.aborted).toBe(false)
})
