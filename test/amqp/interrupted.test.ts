import { describe, expect, onTestFinished, test } from 'vitest'
import { standingBy } from '../../src/amqp/lane.ts'
import type { Broker } from '../../src/broker/broker.ts'
import type { TaskMessage } from '../../src/task/task-message.ts'
import { amqpProcess, connectAmqp } from '../support/amqp-broker-world.ts'
import { openTestLink } from '../support/amqp-world.ts'
import { type Child, startNode } from '../support/child.ts'
import { Inbox } from '../support/inbox.ts'
import { aMessage, anOccurrence, soon } from '../support/messages.ts'
import { useRabbitmq } from '../support/rabbitmq.ts'

const rabbitmq = useRabbitmq()

function consume(broker: Broker): Inbox {
  const inbox = new Inbox()
  const consumer = broker.consume({ queues: ['taskbeat'], slots: 5, deliver: inbox.deliver })
  onTestFinished(() => consumer.stop())
  return inbox
}

/** A worker that executes whatever it is given, until it is killed. It takes from now on. */
async function startHolder(url: string): Promise<Child> {
  const holder = startNode(amqpProcess, ['hold', url, JSON.stringify({ slots: 1 })])
  const session = await openTestLink(url).session()
  const consumers = () =>
    session.apart('look', async (each) => (await each.checkQueue('taskbeat'))?.consumers)
  await expect.poll(consumers).toBe(1)
  return holder
}

/** An occurrence whose worker was killed, after its successor has become due and before anybody else took it. */
async function killedAndOvertaken(): Promise<{ readonly broker: Broker; readonly message: TaskMessage }> {
  const url = await rabbitmq.url()
  const broker = connectAmqp(url)
  const holder = await startHolder(url)
  const startBy = soon(4_000)
  const message = anOccurrence('tick', { overlap: 'skip', startBy })
  await broker.publish([message])
  expect(await holder.line()).toBe(message.id)
  await holder.kill()
  await pause(startBy - Date.now())
  return { broker, message }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe('a run whose worker was killed', () => {
  test.for(['skip', 'allow'] as const)(
    'with overlap %s is run again where another worker stands by, though its successor is due',
    async (overlap) => {
      const url = await rabbitmq.url()
      const broker = connectAmqp(url)
      const holder = await startHolder(url)
      const message = anOccurrence('tick', { overlap, startBy: soon(8_000) })
      await broker.publish([message])
      expect(await holder.line()).toBe(message.id)
      const inbox = consume(broker)
      await broker.publish([aMessage()])
      await (await inbox.next()).settle({ kind: 'ack' })
      await pause(Math.max(standingBy + 100, (message.occurrence?.startBy ?? 0) - Date.now()))
      await holder.kill()
      const again = await inbox.next()
      expect(again.message.id).toBe(message.id)
      expect(again.message.occurrence?.startBy).toBeUndefined()
      expect(again.veto).toBeUndefined()
      if (overlap === 'allow') return
      await broker.publish([anOccurrence('tick', { overlap })])
      expect((await inbox.next()).veto?.kind).toBe('skipped')
    },
  )

  test('keeps its successor waiting until it is seen whether it had begun', async () => {
    const { broker, message } = await killedAndOvertaken()
    const [successor, next] = [1, 2].map((ms) => anOccurrence('tick', { overlap: 'skip', due: soon(ms) }))
    if (!successor || !next) throw new Error('two were made')
    await broker.publish([successor])
    const inbox = consume(broker)
    const late = await inbox.next()
    expect(late.message).toEqual(message)
    await late.settle({ kind: 'ack' }) // the journal says that it had not
    const instead = await inbox.next()
    expect(instead.message.id).toBe(successor.id)
    expect(instead.veto).toBeUndefined()
    await broker.publish([next])
    expect((await inbox.next()).veto?.kind).toBe('skipped')
  })

  test('stands in the way of its successor when it goes on', async () => {
    const { broker, message } = await killedAndOvertaken()
    const inbox = consume(broker)
    await inbox.next() // and the journal says that it had begun
    const successor = anOccurrence('tick', { overlap: 'skip' })
    await broker.publish([successor])
    const skipped = await inbox.next()
    expect(skipped.message.id).toBe(successor.id)
    expect(skipped.veto).toMatchObject({ kind: 'skipped', reason: expect.stringContaining(message.id) })
  })
})
