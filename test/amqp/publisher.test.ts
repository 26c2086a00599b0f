import { expect, test } from 'vitest'
import { Publisher } from '../../src/amqp/publisher.ts'
import { openTestLink } from '../support/amqp-world.ts'
import { eventually } from '../support/eventually.ts'
import { type PeerConnection, ScriptedPeer } from '../support/scripted-peer.ts'

interface World {
  readonly connection: () => Promise<PeerConnection>
  /** Sends one message; resolves with what came of it. */
  readonly send: (id: string) => Promise<string>
  /** The channels on which messages came, in their order. */
  readonly channels: () => readonly number[]
}

/** A publisher to a broker that answers no message by itself. */
async function world(): Promise<World> {
  const peer = await ScriptedPeer.listen()
  const { link } = openTestLink(peer.url)
  const publisher = new Publisher({ link, declare: async () => {} })
  const send = (id: string): Promise<string> =>
    publisher
      .send([
        {
          queue: 'q',
          outgoing: { exchange: '', routingKey: 'q', body: Buffer.of(), headers: {}, messageId: id },
        },
      ])
      .then(
        () => 'confirmed',
        (error: Error) => error.message,
      )
  const channels = (): readonly number[] =>
    peer.connections.flatMap((connection) => connection.of('basic.publish').map(({ channel }) => channel))
  return { connection: () => peer.connection(), send, channels }
}

test('a channel that has refused a message is left for another, and closed once nobody waits on it', async () => {
  const { connection, send, channels } = await world()
  const refused = send('a')
  const underWay = send('b')
  await eventually('both have arrived', () => channels().length === 2)
  const broker = await connection()
  broker.refuse(1)
  expect(await refused).toMatch('queue q refused a message')
  const later = send('c')
  await eventually('it arrives on another channel', () => channels().join() === '1,1,2')
  expect(broker.of('channel.close')).toEqual([])
  broker.confirm(2)
  broker.confirm(1, false, 2)
  expect([await underWay, await later]).toEqual(['confirmed', 'confirmed'])
  await eventually('the first is closed', () => broker.of('channel.close').length === 1)
  const last = send('d')
  await eventually('it arrives', () => channels().join() === '1,1,2,2')
  broker.confirm(2, false, 2)
  expect(await last).toBe('confirmed')
})
