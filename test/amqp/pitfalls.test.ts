/** What amqplib and AMQP do that a person would not expect, each with what we make of it. */
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { inspect } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import type { Deadlines } from '../../src/amqp/deadlines.ts'
import type { Incoming, Outgoing, Session } from '../../src/amqp/session.ts'
import { parseAmqpUrl } from '../../src/config/amqp-url.ts'
import { milliseconds } from '../../src/core/instant.ts'
import {
  booleanValue,
  methodFrame,
  nestedTable,
  short,
  shortString,
  table,
  tableValue,
} from '../support/amqp-frames.ts'
import { openTestLink } from '../support/amqp-world.ts'
import { eventually } from '../support/eventually.ts'
import { expectTook } from '../support/expect-took.ts'
import { useRabbitmq } from '../support/rabbitmq.ts'
import { publishRawly } from '../support/raw-publisher.ts'
import { ScriptedPeer } from '../support/scripted-peer.ts'

const rabbitmq = useRabbitmq()

const soon: Deadlines = {
  connectMs: milliseconds(400),
  answerMs: milliseconds(300),
  confirmMs: milliseconds(300),
  closeMs: milliseconds(200),
}
const heartbeatMs = milliseconds(1_000)
const silent = (): void => {}
const quorum = { 'x-queue-type': 'quorum', 'x-delivery-limit': 200 }
const letter = (id: string, routingKey = 'q'): Outgoing => ({
  exchange: '',
  routingKey,
  body: Buffer.from('{}'),
  headers: {},
  messageId: id,
})
const ended = (session: Session): Promise<string> =>
  new Promise((resolve) => {
    const say = () => resolve(String(session.lost.reason))
    if (session.lost.aborted) say()
    else session.lost.addEventListener('abort', say)
  })

test('A1: a channel whose close is never answered ends with its session, in time', async () => {
  const peer = await ScriptedPeer.listen({ 'channel.close': silent })
  const session = await openTestLink(peer.url, { deadlines: soon }).session()
  const channel = await session.openChannel({ confirm: false, prefetch: 0 })
  await channel.close()
  expect(await ended(session)).toMatch('no answer within 300 ms to: close a channel')
})

test('A2: closing a session to which nobody answers ends in time, and so does its socket', async () => {
  const peer = await ScriptedPeer.listen({ 'connection.close': silent, 'channel.close': silent })
  const { session } = openTestLink(peer.url, { deadlines: soon })
  const open = await session()
  await open.openChannel({ confirm: true, prefetch: 0 })
  const begun = performance.now()
  await open.close()
  expectTook(performance.now() - begun, 1_000)
  await (await peer.connection()).closed
})

test('A3: a peer that is silent for two heartbeats is left, and the socket is destroyed', async () => {
  const peer = await ScriptedPeer.listen()
  const { session } = openTestLink(peer.url, { heartbeatMs })
  const open = await session()
  expect(await ended(open)).toMatch('Heartbeat timeout')
  await (await peer.connection()).closed
  expect(await session()).not.toBe(open)
})

test('A4: a peer that accepts and says nothing is given up in time', async () => {
  const peer = await ScriptedPeer.listen({ connected: silent })
  const { events } = openTestLink(peer.url, { deadlines: soon })
  const { error } = await events.first('linkFailed')
  expect(String(error)).toMatch(`127.0.0.1:${peer.port} did not greet as RabbitMQ does within 400 ms`)
  await (await peer.connection()).closed
})

test('A4: a peer that greets byte by byte without an end is given up in time', async () => {
  const server = createServer((socket) => {
    socket.on('error', silent)
    const timer = setInterval(() => socket.write(Buffer.from([1])), 20)
    socket.on('close', () => clearInterval(timer))
    socket.write(Buffer.from([1, 0, 0, 0, 0, 255, 255]))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as { port: number }
  const { events, link } = openTestLink(`amqp://127.0.0.1:${port}`, { deadlines: soon })
  expect(String((await events.first('linkFailed')).error)).toMatch('within 400 ms')
  await link.close()
})

test('A5: a connection that drops while it is set up is opened anew, and nobody gets it', async () => {
  const peer = await ScriptedPeer.listen()
  let setups = 0
  const { session, events } = openTestLink(peer.url, {
    setup: async (fresh) => {
      setups += 1
      if (setups === 1) (await peer.connection(0)).socket.resetAndDestroy()
      await fresh.apart('declare', (channel) =>
        channel.declareQueue({ name: 'q', durable: true, arguments: {} }),
      )
    },
  })
  const open = await session()
  expect(setups).toBe(2)
  expect(events.of('linkFailed')).toHaveLength(1)
  expect(events.of('linkOpened')).toHaveLength(1)
  expect(open.lost.aborted).toBe(false)
})

test('A5: a setup that fails ends its session, and is told', async () => {
  const peer = await ScriptedPeer.listen()
  let setups = 0
  const { session, events } = openTestLink(peer.url, {
    setup: async () => {
      setups += 1
      if (setups === 1) throw new Error('the queue has other arguments')
    },
  })
  await session()
  expect(String(events.of('linkFailed')[0]?.error)).toMatch('the queue has other arguments')
  await (await peer.connection(0)).closed
})

test('A6: a channel that the broker closes ends its session, with what the broker said', async () => {
  const { session } = openTestLink(await rabbitmq.url())
  const open = await session()
  const channel = await open.openChannel({ confirm: false, prefetch: 0 })
  await expect(channel.consume('nowhere', {}, silent)).rejects.toThrow("no queue 'nowhere'")
  expect(await ended(open)).toMatch("no queue 'nowhere'")
  expect(await session()).not.toBe(open)
})

test('A6: what the broker refuses apart leaves the session as it is', async () => {
  const session = await openTestLink(await rabbitmq.url()).session()
  const declare = (durable: boolean) =>
    session.apart('declare', (channel) =>
      channel.declareQueue({ name: 'q', durable, arguments: { 'x-queue-type': 'classic' } }),
    )
  await declare(true)
  await expect(declare(false)).rejects.toMatchObject({ name: 'RefusedError', replyCode: 406 })
  expect(await session.apart('look', (channel) => channel.checkQueue('nowhere'))).toBeUndefined()
  expect(await session.apart('look', (channel) => channel.checkQueue('q'))).toEqual({
    messages: 0,
    consumers: 0,
  })
  expect(session.lost.aborted).toBe(false)
})

test('A7: a connection that the broker closes with an error is over and replaced', async () => {
  const peer = await ScriptedPeer.listen()
  const { session } = openTestLink(peer.url)
  const open = await session()
  ;(await peer.connection(0)).close(541, 'INTERNAL_ERROR')
  expect(await ended(open)).toMatch('INTERNAL_ERROR')
  await (await peer.connection(0)).closed
  expect(await session()).not.toBe(open)
})

test('A7: a connection that an operator closes, without an error, is over and replaced', async () => {
  const url = await rabbitmq.url()
  const { session } = openTestLink(url)
  const open = await session()
  await rabbitmq.node.closeConnections(parsed(url).vhost, 'bye')
  expect(await ended(open)).toMatch('bye')
  expect(await session()).not.toBe(open)
})

test('A7: a connection that is closed in the packet that opens it is over and replaced', async () => {
  let times = 0
  const opened = methodFrame(0, 'connection.open-ok', shortString(''))
  const reason = [short(320), shortString('CONNECTION_FORCED'), short(0), short(0)]
  const peer = await ScriptedPeer.listen({
    'connection.open': (from) => {
      times += 1
      if (times > 1) from.send(opened)
      else from.send(opened, methodFrame(0, 'connection.close', ...reason))
    },
  })
  const { session, events } = openTestLink(peer.url, { deadlines: soon })
  await events.first('linkFailed')
  expect((await session()).lost.aborted).toBe(false)
})

test('A7: a broker that is blocked from the first packet on is known to be', async () => {
  const peer = await ScriptedPeer.listen({
    'connection.open': (from) =>
      from.send(
        methodFrame(0, 'connection.open-ok', shortString('')),
        methodFrame(0, 'connection.blocked', shortString('low on memory')),
      ),
  })
  const { session } = openTestLink(peer.url)
  expect((await session()).blocked).toBe(true)
})

test('A8: a consumer that throws ends the session and not the process', async () => {
  const peer = await ScriptedPeer.listen()
  const session = await openTestLink(peer.url).session()
  const channel = await session.openChannel({ confirm: false, prefetch: 0 })
  await channel.consume('q', {}, () => {
    throw new Error('a mistake of ours')
  })
  ;(await peer.connection()).deliver(Buffer.from('{}'))
  expect(await ended(session)).toMatch('a mistake of ours')
})

test('A9: a consumer that the broker cancels ends the session, so that it is consumed again', async () => {
  const url = await rabbitmq.url()
  const open = await openTestLink(url).session()
  const channel = await open.openChannel({ confirm: false, prefetch: 0 })
  await channel.declareQueue({ name: 'q', durable: true, arguments: quorum })
  await channel.consume('q', {}, silent)
  const another = await openTestLink(url).session()
  await another.apart('delete', (other) => other.deleteQueue('q'))
  expect(await ended(open)).toMatch('the broker cancelled the consumer of q')
})

test('A10: what is published after the end, or was not yet confirmed, is unknown; nothing throws', async () => {
  const peer = await ScriptedPeer.listen()
  const session = await openTestLink(peer.url).session()
  const channel = await session.openChannel({ confirm: true, prefetch: 0 })
  const before = channel.publish(letter('a'))
  await (await peer.connection()).received('basic.publish')
  ;(await peer.connection()).socket.destroy()
  expect(await before).toMatchObject({ kind: 'unknown' })
  expect(await channel.publish(letter('b'))).toMatchObject({ kind: 'unknown' })
})

test('A10: a confirm that does not come in time ends the session, and what waited is unknown', async () => {
  const peer = await ScriptedPeer.listen()
  const session = await openTestLink(peer.url, { deadlines: soon }).session()
  const channel = await session.openChannel({ confirm: true, prefetch: 0 })
  expect(await channel.publish(letter('a'))).toMatchObject({ kind: 'unknown' })
  expect(await ended(session)).toMatch('no confirm within 300 ms')
})

test('A11: no more than a thousand messages are under way; the others wait for their turn', async () => {
  const peer = await ScriptedPeer.listen()
  const session = await openTestLink(peer.url).session()
  const channel = await session.openChannel({ confirm: true, prefetch: 0 })
  const outcomes = Array.from({ length: 2_500 }, (_, index) => channel.publish(letter(`m${index}`)))
  const connection = await peer.connection()
  const arrived = (): number => connection.of('basic.publish').length
  await eventually('a thousand have arrived', () => arrived() === 1_000)
  connection.confirm(1)
  await eventually('one more has arrived', () => arrived() === 1_001)
  connection.confirm(1_001, true)
  await eventually('another thousand has arrived', () => arrived() === 2_001)
  connection.confirm(2_001, true)
  await eventually('all have arrived', () => arrived() === 2_500)
  connection.confirm(2_500, true)
  expect(new Set((await Promise.all(outcomes)).map(({ kind }) => kind))).toEqual(new Set(['confirmed']))
})

test('A12: the kernel watches over an idle connection', async () => {
  const peer = await ScriptedPeer.listen()
  await openTestLink(peer.url).session()
  const { socket } = await peer.connection()
  const port = (socket.remotePort ?? 0).toString(16).toUpperCase().padStart(4, '0')
  const line = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .find((each) => each.includes(`0100007F:${port} 0100007F:`))
  // The field after the queues is the timer that runs: 02 is keepalive (proc(5)).
  expect(line?.trim().split(/\s+/)[5]).toMatch(/^02:/)
})

test('A13: a password is what was typed, whatever its letters', async () => {
  await rabbitmq.node.addUser('jörg', 'pä%ß/😀')
  const url = await rabbitmq.url()
  await rabbitmq.node.allow('jörg', parsed(url).vhost)
  const encoded = `${encodeURIComponent('jörg')}:${encodeURIComponent('pä%ß/😀')}`
  const session = await openTestLink(url.replace('guest:guest', encoded)).session()
  expect(session.lost.aborted).toBe(false)
})

test('A14: a header cannot become the prototype of the headers, at any depth', async () => {
  const peer = await ScriptedPeer.listen()
  const session = await openTestLink(peer.url).session()
  const channel = await session.openChannel({ confirm: false, prefetch: 0 })
  const arrived = new Promise<Incoming>((resolve) => void channel.consume('q', {}, resolve))
  const forged = tableValue(table([['admin', booleanValue(true)]]))
  const connection = await peer.connection()
  await connection.received('basic.consume')
  connection.deliver(Buffer.from('{}'), {
    headers: table([
      ['__proto__', forged],
      ['inner', tableValue(table([['__proto__', forged]]))],
    ]),
  })
  const { headers } = await arrived
  const inner = headers.inner as Record<string, unknown>
  expect([headers.admin, inner.admin]).toEqual([undefined, undefined])
  expect([Object.getPrototypeOf(headers), Object.getPrototypeOf(inner)]).toEqual([null, null])
})

test('A15: a header that breaks the decoder ends sessions only until the delivery limit sets the message aside', async () => {
  const url = await rabbitmq.url()
  const { session, events } = openTestLink(url)
  const toDead = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' }
  await (await session()).apart('declare', async (channel) => {
    await channel.declareQueue({
      name: 'q',
      durable: true,
      arguments: { ...quorum, 'x-delivery-limit': 2, ...toDead },
    })
    await channel.declareQueue({ name: 'dead', durable: true, arguments: quorum })
  })
  await publishRawly(parsed(url), 'q', Buffer.from('{}'), { headers: nestedTable(9_000) })
  const bodies: Buffer[] = []
  for (let lives = 1; lives <= 3; lives++) {
    const channel = await (await session()).openChannel({ confirm: false, prefetch: 1 })
    await channel.consume('q', {}, ({ body }) => void bodies.push(body)).catch(silent)
    await eventually(`session ${lives} is lost`, () => events.of('linkLost').length === lives)
  }
  const dead = async () => (await rabbitmq.node.queueCounts(parsed(url).vhost, 'dead')).ready
  await expect.poll(dead, { timeout: 30_000 }).toBe(1)
  expect(bodies).toEqual([])
})

test('A16: only what headers hold themselves is sent, and nothing that would send copies elsewhere', async () => {
  const session = await openTestLink(await rabbitmq.url()).session()
  const channel = await session.openChannel({ confirm: true, prefetch: 0 })
  for (const name of ['q', 'other']) await channel.declareQueue({ name, durable: true, arguments: quorum })
  const headers = Object.assign(Object.create({ inherited: 1 }), { own: 1, CC: ['other'] })
  await channel.publish({ ...letter('a'), headers })
  const arrived = await channel.get('q')
  expect(Object.keys(arrived?.headers ?? {}).filter((key) => key !== 'x-delivery-count')).toEqual(['own'])
  expect(await channel.get('other')).toBeUndefined()
})

test('A17: an instant in milliseconds survives as a header; a larger whole number goes as text', async () => {
  const session = await openTestLink(await rabbitmq.url()).session()
  const channel = await session.openChannel({ confirm: true, prefetch: 0 })
  await channel.declareQueue({ name: 'q', durable: true, arguments: quorum })
  const headers = {
    eta: 1_795_334_400_123,
    negative: -5,
    half: 0.5,
    large: '9007199254740993',
    yes: true,
    none: null,
  }
  await channel.publish({ ...letter('a'), headers })
  expect({ ...(await channel.get('q'))?.headers }).toMatchObject(headers)
})

test('A18: a process that stood still for more than two heartbeats notices that its session is over', async () => {
  const { session, events } = openTestLink(await rabbitmq.url(), { heartbeatMs })
  const open = await session()
  const until = performance.now() + 4_000
  while (performance.now() < until); // the event loop is blocked: no heartbeat leaves
  await events.first('linkLost')
  expect(open.lost.aborted).toBe(true)
  expect((await session()).lost.aborted).toBe(false)
})

test('A19: what no queue takes is told apart from what one takes, also when they are published at once', async () => {
  const session = await openTestLink(await rabbitmq.url()).session()
  const channel = await session.openChannel({ confirm: true, prefetch: 0 })
  await channel.declareQueue({ name: 'q', durable: true, arguments: quorum })
  const outcomes = await Promise.all(
    Array.from({ length: 300 }, (_, index) =>
      channel.publish(letter(`m${index % 150}`, index % 3 === 0 ? 'nowhere' : 'q')),
    ),
  )
  expect(outcomes.map(({ kind }) => kind)).toEqual(
    outcomes.map((_, index) => (index % 3 === 0 ? 'unroutable' : 'confirmed')),
  )
})

test('A19: what the broker could not take is refused, and its neighbours are confirmed', async () => {
  const session = await openTestLink(await rabbitmq.url()).session()
  const channel = await session.openChannel({ confirm: true, prefetch: 0 })
  const full = { 'x-queue-type': 'classic', 'x-max-length': 1, 'x-overflow': 'reject-publish' }
  await channel.declareQueue({ name: 'full', durable: true, arguments: full })
  await channel.declareQueue({ name: 'q', durable: true, arguments: quorum })
  expect(await channel.publish(letter('a', 'full'))).toEqual({ kind: 'confirmed' })
  const [refused, confirmed] = await Promise.all([
    channel.publish(letter('b', 'full')),
    channel.publish(letter('c')),
  ])
  expect([refused?.kind, confirmed?.kind]).toEqual(['refused', 'confirmed'])
  expect(session.lost.aborted).toBe(false)
})

test('A20: a large body arrives whole; one that the broker would not take is refused and nothing else suffers', async () => {
  const session = await openTestLink(await rabbitmq.url()).session()
  const channel = await session.openChannel({ confirm: true, prefetch: 0 })
  await channel.declareQueue({ name: 'q', durable: true, arguments: quorum })
  const body = Buffer.alloc(300_000, 'abcdefg')
  expect(await channel.publish({ ...letter('a'), body })).toEqual({ kind: 'confirmed' })
  expect((await channel.get('q'))?.body.equals(body)).toBe(true)
  const tooLarge = await channel.publish({ ...letter('b'), body: Buffer.alloc(17 * 1_024 * 1_024) })
  expect(tooLarge).toMatchObject({ kind: 'refused' })
  const unwritable = await channel.publish({ ...letter('c'), headers: { long: 'x'.repeat(70_000) } })
  expect(unwritable).toMatchObject({ kind: 'refused' })
  expect(await channel.publish(letter('d'))).toEqual({ kind: 'confirmed' })
})

test('A21: a question that is not answered ends the session in time', async () => {
  const peer = await ScriptedPeer.listen({ 'queue.declare': silent })
  const { session } = openTestLink(peer.url, { deadlines: soon })
  const open = await session()
  const declared = open.apart('declare', (channel) =>
    channel.declareQueue({ name: 'q', durable: true, arguments: {} }),
  )
  await expect(declared).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' })
  expect(await ended(open)).toMatch('no answer within 300 ms to: declare the queue q')
})

test('A22: a password is in no error and in no event', async () => {
  const password = 'pass?word'
  const told: unknown[] = [
    parseAmqpUrl(`amqp://me:${password}@[broken/`),
    parseAmqpUrl(`amqp://me:%ff${password}@h`),
  ]
  const peer = await ScriptedPeer.listen({
    'connection.start-ok': (from) => from.close(403, 'ACCESS_REFUSED'),
  })
  const refusing = `amqp://me:${encodeURIComponent(password)}@127.0.0.1`
  const gone = ScriptedPeer.listen().then(({ port }) => port)
  for (const url of [
    `${refusing}:${peer.port}`,
    `${refusing}:1`,
    `${refusing.replace('127.0.0.1', 'no.such.host.invalid')}`,
    `${refusing}:${await gone}`,
  ]) {
    const { events, link } = openTestLink(url, { deadlines: soon })
    await Promise.race([events.first('linkFailed'), events.first('linkOpened')])
    told.push(...events.all, await link.session(AbortSignal.timeout(1)).catch((error: unknown) => error))
    told.push(link)
    await link.close()
  }
  const all = told
    .map((each) => inspect(each, { depth: 20, showHidden: true }) + JSON.stringify(each))
    .join('\n')
  expect(all).not.toContain(password)
  expect(all).not.toContain(encodeURIComponent(password))
})

test('fifty sessions that were cut leave no descriptor and no timer behind', async () => {
  const peer = await ScriptedPeer.listen()
  const { session } = openTestLink(peer.url, {
    backoff: { firstMs: 1, factor: 1, longestMs: 1, jitter: 'none' },
  })
  const cut = async (): Promise<void> => {
    const open = await session()
    const channel = await open.openChannel({ confirm: true, prefetch: 5 })
    void channel.publish(letter('a'))
    await channel.consume('q', {}, silent)
    peer.connections.at(-1)?.socket.resetAndDestroy()
    await ended(open)
  }
  for (let times = 0; times < 5; times++) await cut()
  const settled = async (): Promise<[number, number]> => {
    await session()
    await new Promise((resolve) => setTimeout(resolve, 100))
    return [readdirSync('/proc/self/fd').length, process.getActiveResourcesInfo().length]
  }
  const [descriptors, resources] = await settled()
  for (let times = 0; times < 50; times++) await cut()
  const [descriptorsAfter, resourcesAfter] = await settled()
  expect(descriptorsAfter - descriptors).toBeLessThanOrEqual(2)
  expect(resourcesAfter - resources).toBeLessThanOrEqual(2)
})

function parsed(url: string): { host: string; port: number; vhost: string } {
  const address = parseAmqpUrl(url)
  if ('problem' in address) throw new Error(address.problem)
  return address
}
