import { expect, test } from 'vitest'
import { Acknowledgements } from '../../src/amqp/acknowledgements.ts'
import type { RawMessage } from '../../src/amqp/amqplib-connect.ts'
import type { Channel, Incoming } from '../../src/amqp/session.ts'
import { openTestLink } from '../support/amqp-world.ts'
import { eventually } from '../support/eventually.ts'
import { useRabbitmq } from '../support/rabbitmq.ts'

const rabbitmq = useRabbitmq()

/** What came with these numbers, and what is told of it. */
function holding(...numbers: readonly number[]) {
  const told: string[] = []
  const acknowledgements = new Acknowledgements((raw, upTo) =>
    told.push(`${upTo ? 'up to ' : ''}${raw.fields.deliveryTag}`),
  )
  const raws = new Map(numbers.map((deliveryTag) => [deliveryTag, { fields: { deliveryTag } } as RawMessage]))
  for (const raw of raws.values()) acknowledgements.came(raw)
  const rawOf = (number: number) => raws.get(number) as RawMessage
  return {
    told,
    acknowledgements,
    add: (...of: readonly number[]) => {
      for (const number of of) acknowledgements.add(rawOf(number))
    },
    giveBack: (number: number) => acknowledgements.gaveBack(rawOf(number)),
    turn: () => new Promise((resolve) => setImmediate(resolve)),
  }
}

test('what is acknowledged in one turn is told at its end and at once, in whichever order it ended', async () => {
  const { told, add, turn } = holding(1, 2, 3, 4)
  add(3, 1, 2)
  expect(told).toEqual([])
  await turn()
  expect(told).toEqual(['up to 3'])
  add(4)
  await turn()
  expect(told).toEqual(['up to 3', 'up to 4'])
})

test('what came after something that is still held is told by itself', async () => {
  const { told, add, turn } = holding(1, 2, 3, 4, 5)
  add(5, 2, 1, 4)
  await turn()
  expect(told).toEqual(['5', '4', 'up to 2'])
  add(3)
  await turn()
  expect(told.slice(3)).toEqual(['up to 3'])
})

test('what was given back is held no more', async () => {
  const { told, add, giveBack, turn } = holding(1, 2, 3)
  add(2, 3)
  giveBack(1)
  await turn()
  expect(told).toEqual(['up to 3'])
})

test('whoever cannot wait for the end of the turn has it told now, and once', async () => {
  const { told, add, acknowledgements, turn } = holding(1, 2)
  add(1)
  acknowledgements.flush()
  expect(told).toEqual(['up to 1'])
  add(2)
  acknowledgements.flush()
  await turn()
  expect(told).toEqual(['up to 1', 'up to 2'])
})

test('the broker forgets what was acknowledged and nothing else', async () => {
  const url = await rabbitmq.url()
  const session = await openTestLink(url).session()
  const channel = await session.openChannel({ confirm: true, prefetch: 100 })
  await channel.declareQueue({ name: 'q', durable: true, arguments: { 'x-queue-type': 'quorum' } })
  const numbers = Array.from({ length: 60 }, (_, n) => n)
  const bodies = numbers.map((n) => Buffer.from(String(n)))
  await Promise.all(
    bodies.map((body) => channel.publish({ exchange: '', routingKey: 'q', body, headers: {} })),
  )
  const held = await consumeAll(channel, numbers.length)
  const turns = [
    (n: number) => n < 20 && n % 7 === 3,
    (n: number) => n % 2 === 0 && n < 30,
    (n: number) => n % 3 === 0 && n >= 10,
  ]
  for (const isChosen of turns) {
    for (const [n, incoming] of [...held].reverse()) {
      if (!isChosen(n)) continue
      held.delete(n)
      if (n % 5 === 4)
        channel.giveBack(incoming) // it comes again
      else channel.ack(incoming)
    }
    await channel.acksTaken()
  }
  await session.close()
  const isLeft = (n: number) => turns.every((isChosen) => !isChosen(n)) || n % 5 === 4
  const left = numbers.filter(isLeft)
  const after = await (await openTestLink(url).session()).openChannel({ confirm: false, prefetch: 100 })
  const again = await consumeAll(after, left.length)
  expect([...again.keys()].sort((a, b) => a - b)).toEqual(left)
})

/** So many messages, by their numbers; none of them is acknowledged. */
async function consumeAll(channel: Channel, count: number): Promise<Map<number, Incoming>> {
  const held = new Map<number, Incoming>()
  await channel.consume('q', {}, (incoming) => held.set(Number(incoming.body), incoming))
  await eventually('all have come', () => held.size >= count)
  return held
}
