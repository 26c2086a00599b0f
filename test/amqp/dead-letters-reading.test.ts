import { expect, test } from 'vitest'
import { openReading } from '../../src/amqp/dead-letters-reading.ts'
import type { Session } from '../../src/amqp/session.ts'
import { systemClock } from '../../src/core/clock.ts'
import { openTestLink } from '../support/amqp-world.ts'
import { useRabbitmq } from '../support/rabbitmq.ts'

const rabbitmq = useRabbitmq()

test('a reader that fails within its turn lets others read', async () => {
  const session = await openTestLink(await rabbitmq.url()).session()
  const channel = await session.openChannel({ confirm: true, prefetch: 0 })
  await channel.declareQueue({ name: 'q.dead', durable: true, arguments: { 'x-queue-type': 'classic' } })
  await channel.publish({ exchange: '', routingKey: 'q.dead', body: Buffer.from('1'), headers: {} })
  const failing: Partial<Session> = {
    apart: (what, use) => session.apart(what, use),
    openChannel: () => Promise.reject(new Error('there are too many channels')),
  }
  const search = { isMeant: () => true, most: 1 }
  const reading = openReading(failing as Session, 'q.dead', search, systemClock)
  await expect(reading).rejects.toThrow('too many channels')
  expect(await session.apart('look', (each) => each.checkQueue('q.dead.reader'))).toBeUndefined()
})
