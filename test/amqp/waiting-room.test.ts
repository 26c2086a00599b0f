import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { WaitingRoom } from '../../src/amqp/waiting-room.ts'
import { milliseconds } from '../../src/core/instant.ts'
import type { TaskMessage } from '../../src/task/task-message.ts'
import { connectAmqp } from '../support/amqp-broker-world.ts'
import { expectTook } from '../support/expect-took.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { Inbox } from '../support/inbox.ts'
import { aMessage, soon } from '../support/messages.ts'
import { useRabbitmq } from '../support/rabbitmq.ts'

describe('a waiting room', () => {
  const openRoom = (clock: FakeClock) => {
    const left: { readonly message: TaskMessage; readonly at: number }[] = []
    const room = new WaitingRoom<{ message: TaskMessage }>({
      clock,
      due: ({ message }) => left.push({ message, at: clock.now() }),
    })
    onTestFinished(() => void room.close())
    const add = (inMs: number, priority = 4): TaskMessage => {
      const message = aMessage({ eta: (clock.now() + inMs) as TaskMessage['eta'], priority })
      room.add({ message })
      return message
    }
    return { room, left, add }
  }

  test('lets go at the ETA and not before, the more important first', async () => {
    const clock = new FakeClock()
    const { left, add } = openRoom(clock)
    add(3_600_000) // so that it sleeps, which the clock waits for
    const [late, usual, urgent] = [add(300_000), add(1_000), add(1_000, 9)]
    await clock.advance(999)
    expect(left).toEqual([])
    await clock.advance(1)
    expect(left.map(({ message }) => message.id)).toEqual([urgent.id, usual.id])
    await clock.advance(299_000)
    expect(left.at(-1)).toEqual({ message: late, at: late.eta })
  })

  test('wakes up earlier for one that comes later and is due sooner', async () => {
    const clock = new FakeClock()
    const { left, add } = openRoom(clock)
    add(50_000)
    await clock.advance(10)
    const sooner = add(20)
    await clock.advance(20)
    expect(left).toEqual([{ message: sooner, at: sooner.eta }])
  })

  test('sees within a minute that the clock was set forward', async () => {
    const clock = new FakeClock()
    const { left, add } = openRoom(clock)
    add(36_000_000)
    add(3_600_000)
    await clock.advance(10)
    clock.step(3_600_000)
    await clock.advance(60_000)
    expect(left).toHaveLength(1)
  })

  test('gives up those with the latest ETA, as far as that is late enough', () => {
    const clock = new FakeClock()
    const { room, add } = openRoom(clock)
    const [, second, third] = [add(1_000), add(20_000), add(30_000)]
    const tooFar = (clock.now() + 15_000) as TaskMessage['eta']
    expect(new Set(room.takeFurthest(3, tooFar).map(({ message }) => message.id))).toEqual(
      new Set([second.id, third.id]),
    )
    expect(room.size).toBe(1)
  })
})

describe('messages that wait at RabbitMQ', () => {
  const rabbitmq = useRabbitmq()

  test('are handed out on time though five thousand others wait before them', async () => {
    const broker = connectAmqp(await rabbitmq.url())
    const inbox = new Inbox()
    const consumer = broker.consume({ queues: ['taskbeat'], slots: 10, deliver: inbox.deliver })
    onTestFinished(() => consumer.stop())
    await broker.publish(Array.from({ length: 5_000 }, () => aMessage({ eta: soon(55_000) })))
    await vi.waitFor(
      async () => {
        const { queues, workers, delayed } = await broker.status()
        const scheduled = new Map(queues.map(({ name, scheduled: count }) => [name, count]))
        expect(workers).toHaveLength(1)
        expect(scheduled.get('taskbeat')).toBeLessThanOrEqual(1_000) // the rest does not burden the worker
        expect(delayed).toBeGreaterThanOrEqual(4_000)
      },
      { timeout: 30_000, interval: 50 },
    )
    const urgent = aMessage({ eta: soon(1_000) })
    await broker.publish([urgent])
    const delivery = await inbox.next()
    expect(delivery.message.id).toBe(urgent.id)
    expect(Date.now()).toBeGreaterThanOrEqual(urgent.eta)
    expectTook(Date.now() - urgent.eta, 500)
  })

  test('ten thousand that are due in one second are executed by ten slots, each once and none early', async () => {
    const url = await rabbitmq.url()
    const sender = connectAmqp(url)
    const eta = soon(4_000)
    const messages = Array.from({ length: 10_000 }, (_, index) =>
      aMessage({ eta: (eta + (index % 1_000)) as TaskMessage['eta'] }),
    )
    const waiting = new Map(messages.map((message) => [message.id, message.eta]))
    let executing = 0
    let most = 0
    let early = 0
    const worker = connectAmqp(url)
    const consumer = worker.consume({
      queues: ['taskbeat'],
      slots: 10,
      deliver: async ({ message, settle }) => {
        most = Math.max(most, ++executing)
        if (Date.now() < message.eta) early++
        await new Promise((resolve) => setImmediate(resolve))
        executing--
        await settle({ kind: 'ack' })
        waiting.delete(message.id)
      },
    })
    onTestFinished(() => consumer.stop())
    await sender.publish(messages)
    await vi.waitFor(() => expect(waiting.size).toBe(0), { timeout: 40_000, interval: 100 })
    expect(early).toBe(0)
    expect(most).toBeLessThanOrEqual(10)
  })

  test('leave the waiting room when they are far away, and come again through the broker', async () => {
    const url = await rabbitmq.url()
    const broker = connectAmqp(url, { hold: milliseconds(2_000) })
    const message = aMessage({ eta: soon(12_000) })
    await broker.publish([message])
    const inbox = new Inbox()
    const consumer = broker.consume({ queues: ['taskbeat'], slots: 1, deliver: inbox.deliver })
    onTestFinished(() => consumer.stop())
    const delivery = await inbox.next()
    const lateness = (inbox.arrivals.get(message.id) ?? 0) - message.eta
    expect(delivery.message).toEqual(message)
    expect(lateness).toBeGreaterThanOrEqual(0)
    expectTook(lateness, 500)
  })
})
