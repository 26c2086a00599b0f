import { expect, test } from 'vitest'
import type { PrintedPart } from '../../src/task/printed.ts'
import { connectAmqp } from '../support/amqp-broker-world.ts'
import { Inbox } from '../support/inbox.ts'
import { aMessage, soon } from '../support/messages.ts'
import { useRabbitmq } from '../support/rabbitmq.ts'

const rabbitmq = useRabbitmq()

test('what was lost with a connection is counted, what comes after it is told, and the run is not held up', async () => {
  const { url, node, vhost } = await rabbitmq.broker()
  const inbox = new Inbox()
  const consumer = connectAmqp(url).consume({ queues: ['taskbeat'], slots: 1, deliver: inbox.deliver })
  const client = connectAmqp(url)
  const parts: PrintedPart[] = []
  const message = aMessage()
  await client.results.send([message], (part) => parts.push(part))
  const waiting = client.results.wait(message.id, AbortSignal.timeout(60_000))
  const first = await inbox.next()
  let printed = 0
  const print = (): void => first.listener?.line({ stream: 'stdout', line: `${printed++}`, cut: false })
  print()
  await expect.poll(() => parts).toHaveLength(1)
  await node.closeConnections(vhost)
  await expect
    .poll(
      () => {
        print()
        return parts.length
      },
      { timeout: 30_000 },
    )
    .toBeGreaterThan(1)
  for (const { from, lines } of parts)
    expect(lines.map(({ line }) => line)).toEqual(lines.map((_, n) => `${from + n}`))
  first.listener?.ended()
  await first.settle({ kind: 'ack' })
  // Its session was lost, so it comes again, and is settled as it ended.
  const again = await inbox.next()
  await again.settle({ kind: 'ack' }, { result: { outcome: 'succeeded' }, forgetAt: soon(60_000) })
  expect(await waiting).toEqual({ outcome: 'succeeded' })
  expect(parts.at(-1)).toMatchObject({ end: true })
  await consumer.stop()
})
