import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { defaultBackoff, type LinkOptions } from '../../src/amqp/open-link.ts'
import type { Session } from '../../src/amqp/session.ts'
import { systemClock } from '../../src/core/clock.ts'
import { milliseconds } from '../../src/core/instant.ts'
import { untilAborted } from '../../src/core/until-aborted.ts'
import { openTestLink } from '../support/amqp-world.ts'
import { expectTook } from '../support/expect-took.ts'
import { instead } from '../support/instead.ts'
import { useRabbitmq } from '../support/rabbitmq.ts'
import { freePort } from '../support/rabbitmq-control.ts'
import { isInstalled, RabbitmqNode } from '../support/rabbitmq-node.ts'
import { type Script, ScriptedPeer } from '../support/scripted-peer.ts'
import { openRelay } from '../support/test-relay.ts'

const rabbitmq = useRabbitmq()
const pem = (name: string): string => join(import.meta.dirname, '../fixtures/tls', name)
const pair = (name: string) => ({
  cert: readFileSync(pem(`${name}.pem`)),
  key: readFileSync(pem(`${name}.key`)),
})
const quick = {
  connectMs: milliseconds(1_000),
  answerMs: milliseconds(1_000),
  confirmMs: milliseconds(1_000),
  closeMs: milliseconds(300),
}
const heartbeatMs = milliseconds(1_000)
const letter = { exchange: '', routingKey: 'q', body: Buffer.from('{}'), headers: {} }
const setup: LinkOptions['setup'] = (session) =>
  session.apart('declare', async (channel) => {
    await channel.declareQueue({ name: 'q', durable: true, arguments: { 'x-queue-type': 'quorum' } })
  })

/** Publishes and waits until the broker has said what became of it. */
async function publishOn(session: Session): Promise<string> {
  const channel = await session.openChannel({ confirm: true, prefetch: 0 })
  const { kind } = await channel.publish(letter)
  await channel.close()
  return kind
}

describe('a wire that fails', () => {
  test.each(['cut', 'reset'] as const)('%s: the next session is opened and set up', async (how) => {
    const relay = await openRelay(rabbitmq.node)
    const { session, events } = openTestLink(relay.url(await rabbitmq.url()), { setup })
    const first = await session()
    relay[how]()
    await events.first('linkLost')
    const second = await session()
    expect(second).not.toBe(first)
    expect(await publishOn(second)).toBe('confirmed')
    expect(
      await first.openChannel({ confirm: true, prefetch: 0 }).catch((error: unknown) => error),
    ).toMatchObject({
      code: 'BROKER_UNAVAILABLE',
    })
  })

  test('swallows one direction or both: the session ends within three heartbeats', async () => {
    const url = await rabbitmq.url()
    const swallowed = [['toBroker', 'toClient'], ['toClient'], ['toBroker']] as const
    await Promise.all(
      swallowed.map(async (directions) => {
        const relay = await openRelay(rabbitmq.node)
        const { session, events } = openTestLink(relay.url(url), { heartbeatMs, deadlines: quick })
        await session()
        relay.swallow(...directions)
        const begun = performance.now()
        await events.first('linkLost')
        expectTook(performance.now() - begun, 5_000)
        relay.heal()
        expect(await publishOn(await session())).toBe('unroutable')
      }),
    )
  })

  test('swallows what we publish: the outcome is unknown, and never confirmed', async () => {
    const relay = await openRelay(rabbitmq.node)
    const { session } = openTestLink(relay.url(await rabbitmq.url()), { deadlines: quick, setup })
    const channel = await (await session()).openChannel({ confirm: true, prefetch: 0 })
    relay.swallow('toClient')
    expect(await channel.publish(letter)).toMatchObject({ kind: 'unknown' })
  })

  test('swallows everything while the session is opened: it is tried again in time', async () => {
    const relay = await openRelay(rabbitmq.node)
    relay.swallow('toClient')
    const { session, events } = openTestLink(relay.url(await rabbitmq.url()), {
      deadlines: { ...quick, connectMs: milliseconds(300) },
    })
    await events.first('linkFailed')
    relay.heal()
    await session()
  })

  test('brings single bytes, late: nothing is lost and nothing is doubted', async () => {
    const relay = await openRelay(rabbitmq.node)
    relay.trickling = true
    relay.delayMs = 5
    const { session, events } = openTestLink(relay.url(await rabbitmq.url()), { setup })
    expect(await publishOn(await session())).toBe('confirmed')
    expect(events.all.map(({ kind }) => kind)).toEqual(['linkOpened'])
  })
})

describe('what is acknowledged', () => {
  test('last of all, just before the session is closed, stays acknowledged', async () => {
    const url = await rabbitmq.url()
    const { session } = openTestLink(url, { setup })
    const open = await session()
    const channel = await open.openChannel({ confirm: true, prefetch: 0 })
    for (let count = 0; count < 20; count++) void channel.publish(letter)
    await channel.publish(letter)
    const all = await new Promise<Parameters<typeof channel.ack>[0][]>((resolve) => {
      const got: Parameters<typeof channel.ack>[0][] = []
      void channel.consume('q', {}, (incoming) => {
        if (got.push(incoming) === 21) resolve(got)
      })
    })
    for (const incoming of all) channel.ack(incoming)
    await open.close()
    const next = await openTestLink(url).session()
    const counts = () => next.apart('look', (other) => other.checkQueue('q'))
    await expect.poll(counts).toMatchObject({ consumers: 0 }) // what it held is given back by then
    expect(await counts()).toEqual({ messages: 0, consumers: 0 })
  })

  test('twice, or elsewhere than it came from, is refused before the broker sees it', async () => {
    const session = await openTestLink(await rabbitmq.url(), { setup }).session()
    const [one, other] = [
      await session.openChannel({ confirm: true, prefetch: 0 }),
      await session.openChannel({ confirm: true, prefetch: 0 }),
    ]
    await one.publish(letter)
    const incoming = await one.get('q')
    if (!incoming) throw new Error('nothing came')
    expect(() => other.ack(incoming)).toThrow('did not come on')
    one.ack(incoming)
    expect(() => one.ack(incoming)).toThrow('acknowledged twice')
    expect(await publishOn(session)).toBe('confirmed')
  })
})

describe('a broker that cannot be used says why', () => {
  async function obstacle(url: string, options: Partial<LinkOptions> = {}): Promise<string> {
    const { link, events } = openTestLink(url, { deadlines: quick, ...options })
    await events.first('linkFailed')
    const error = await link.session(AbortSignal.abort()).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'BROKER_UNAVAILABLE' })
    return String(error)
  }

  test('nobody listens', async () => {
    const port = await freePort()
    expect(await obstacle(`amqp://127.0.0.1:${port}`)).toMatch(`127.0.0.1:${port} refuses connections`)
  })

  test('the name leads nowhere', async () => {
    expect(await obstacle('amqp://no-such-host.invalid')).toMatch(
      'no-such-host.invalid:5672 cannot be found: no address is known for the name no-such-host.invalid',
    )
  })

  test('another service answers', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    expect(await obstacle(`amqp://127.0.0.1:${port}`)).toMatch(
      'does not greet as RabbitMQ does: another service',
    )
  })

  test('the password is wrong', async () => {
    const url = await rabbitmq.url()
    expect(await obstacle(url.replace('guest:guest', 'guest:wrong'))).toMatch(
      'does not accept the user guest with this password',
    )
  })

  test('there is no such vhost, or it is not for this user', async () => {
    const url = await rabbitmq.url()
    expect(await obstacle(url.replace(/[^/]+$/, 'nowhere'))).toMatch(
      /lets guest in, but not into the vhost nowhere: NOT_ALLOWED - vhost nowhere not found$/,
    )
    await rabbitmq.node.addUser('stranger', 'secret')
    expect(await obstacle(url.replace('guest:guest', 'stranger:secret'))).toMatch(
      /lets stranger in, but not into the vhost \S+: NOT_ALLOWED - .* refused for user 'stranger'/,
    )
  })

  test.each<[string, Script['connection.open']]>([
    ['says nothing the second time', (from) => from.socket.destroy()],
    ['talks without an end', (from) => from.send(Buffer.from([1, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0]))],
  ])('it lets nobody into the vhost, and %s', async (_, then) => {
    let refusals = 0
    const peer = await ScriptedPeer.listen({
      'connection.open': (from, frame) => {
        if (refusals++ === 0) from.close(530, 'NOT_ALLOWED - no')
        else then?.(from, frame)
      },
    })
    expect(await obstacle(peer.url)).toMatch('there is none of that name, or the user has no permission')
  })

  test('the password cannot be read; once it can, and is another, it is used', async () => {
    const url = await rabbitmq.url()
    await rabbitmq.node.addUser('rotated', 'first')
    await rabbitmq.node.allow('rotated', url.slice(url.lastIndexOf('/') + 1))
    const answers = [
      () => Promise.reject(new Error('EACCES: no')),
      () => Promise.reject(new Error('EACCES: no')),
      () => Promise.resolve('stale'),
      () => Promise.resolve('first'),
    ]
    const { session, events } = openTestLink(url.replace('guest:guest', 'rotated'), {
      readPassword: () => answers.shift()?.() ?? Promise.resolve('first'),
    })
    await session()
    expect(events.of('linkFailed').map(({ error, isNews }) => [String(error), isNews])).toEqual([
      [expect.stringMatching('EACCES: no'), true],
      [expect.stringMatching('EACCES: no'), false],
      [expect.stringMatching('does not accept the user rotated'), true],
    ])
  })

  test('TLS is spoken to a port without it, and the other way round', async () => {
    const url = await rabbitmq.url()
    expect(await obstacle(url.replace('amqp:', 'amqps:'))).toMatch(/TLS/)
    const peer = await ScriptedPeer.listen({}, pair('server'))
    expect(await obstacle(peer.url)).toMatch('a port that wants amqps://')
  })

  test('the certificate is signed by nobody known, is for another host, or its authority cannot be read', async () => {
    const peer = await ScriptedPeer.listen({}, pair('server'))
    const url = peer.url.replace('amqp:', 'amqps:')
    expect(await obstacle(url)).toMatch('signed by nobody known here: name its authority in tls.ca')
    expect(await obstacle(url, { tls: { ca: pem('none.pem') } })).toMatch(
      `tls.ca cannot be read: ${pem('none.pem')}`,
    )
    expect(await obstacle(url, { tls: { ca: pem('server.key') } })).toMatch(
      /tls\.ca|signed by nobody known here/,
    )
    const elsewhere = await ScriptedPeer.listen({}, pair('elsewhere'))
    expect(await obstacle(elsewhere.url.replace('amqp:', 'amqps:'), { tls: { ca: pem('ca.pem') } })).toMatch(
      'is for another host',
    )
  })

  test('a client certificate is wanted', async () => {
    const wants = {
      ...pair('server'),
      ca: readFileSync(pem('ca.pem')),
      requestCert: true,
      rejectUnauthorized: true,
    }
    const peer = await ScriptedPeer.listen({}, wants)
    const url = peer.url.replace('amqp:', 'amqps:')
    expect(await obstacle(url, { tls: { ca: pem('ca.pem') } })).toMatch('wants a client certificate')
    const tls = { ca: pem('ca.pem'), cert: pem('client.pem'), key: pem('client.key') }
    expect((await openTestLink(url, { tls }).session()).lost.aborted).toBe(false)
  })

  test('a TLS port that accepts and says nothing', async () => {
    const server = createTcpServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    expect(await obstacle(`amqps://127.0.0.1:${port}`)).toMatch('within 1000 ms')
  })
})

describe('a link', () => {
  test('tries all addresses in turn before it waits', async () => {
    const [nobody, nobodyEither] = [await freePort(), await freePort()]
    const peer = await ScriptedPeer.listen()
    const { session, events } = openTestLink(
      [`amqp://127.0.0.1:${nobody}`, `amqp://127.0.0.1:${nobodyEither}`, peer.url],
      { backoff: { firstMs: 60_000, factor: 1, longestMs: 60_000, jitter: 'none' } },
    )
    await session()
    expect(events.of('linkFailed').map(({ place, nextInMs }) => [place, nextInMs])).toEqual([
      [`127.0.0.1:${nobody}`, 0],
      [`127.0.0.1:${nobodyEither}`, 0],
    ])
  })

  test('whose session is lost goes on at the next address: the former one may be silent', async () => {
    const [former, next] = [await ScriptedPeer.listen(), await ScriptedPeer.listen()]
    const { session } = openTestLink([former.url, next.url])
    const { lost } = await session()
    ;(await former.connection()).socket.destroy()
    await untilAborted(lost)
    await session()
    expect([former.connections, next.connections].map(({ length }) => length)).toEqual([1, 1])
  })

  test('begins where another of the same program has found the broker', async () => {
    const turn = { at: 0 }
    const peer = await ScriptedPeer.listen()
    const urls = [`amqp://127.0.0.1:${await freePort()}`, peer.url]
    await openTestLink(urls, { turn }).session()
    const { session, events } = openTestLink(urls, { turn })
    await session()
    expect(events.of('linkFailed')).toEqual([])
  })

  test('waits longer from failure to failure, up to its longest', async () => {
    const { events } = openTestLink(`amqp://127.0.0.1:${await freePort()}`, {
      backoff: { firstMs: 5, factor: 2, longestMs: 30, jitter: 'none' },
    })
    await events.first('linkFailed', ({ failures }) => failures === 6)
    expect(events.of('linkFailed').map(({ nextInMs }) => nextInMs)).toEqual([5, 10, 20, 30, 30, 30])
  })

  test('never waits so long by itself that it is not back soon after its broker, however long that was away', async () => {
    const clock = instead(systemClock, 'sleep', (length, signal) =>
      systemClock.sleep(milliseconds(Math.min(length, 5)), signal),
    )
    const { events } = openTestLink(`amqp://127.0.0.1:${await freePort()}`, {
      backoff: defaultBackoff,
      clock,
      random: () => 0.999,
    })
    await events.first('linkFailed', ({ failures }) => failures === 12)
    const pauses = events.of('linkFailed').map(({ nextInMs }) => nextInMs)
    expect(Math.max(...pauses)).toBeLessThanOrEqual(2_000)
    expect(pauses.at(-1)).toBeGreaterThan(1_900)
  })

  test('does not wait without end for whom it does not concern any more', async () => {
    const { link } = openTestLink(`amqp://127.0.0.1:${await freePort()}`)
    const leaving = new AbortController()
    const asked = link.session(leaving.signal)
    leaving.abort()
    await expect(asked).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' })
  })

  test('closes at any moment, twice if need be: what is asked of it then is refused', async () => {
    const hanging = await ScriptedPeer.listen({ connected: () => {} })
    const { link } = openTestLink(hanging.url)
    const asked = link.session(new AbortController().signal)
    await hanging.connection()
    await Promise.all([link.close(), link.close()])
    await expect(asked).rejects.toThrow('the link is closed')
    expect(link.current).toBeUndefined()
    await (await hanging.connection()).closed
  })

  test('that is closed has left in order', async () => {
    const peer = await ScriptedPeer.listen()
    const { link, session } = openTestLink(peer.url)
    await session()
    await link.close()
    expect((await peer.connection()).of('connection.close')).toHaveLength(1)
    expect(peer.connections).toHaveLength(1)
  })

  test('says its name to the broker', async () => {
    await openTestLink(await rabbitmq.url(), { name: 'beat@here' }).session()
    const names = await rabbitmq.node.evaluate(
      '[proplists:get_value(<<"connection_name">>, [{K, V} || {K, _, V} <- P]) || [{client_properties, P}] <- rabbit_networking:connection_info_all([client_properties])]',
    )
    expect(names).toContain('beat@here')
  })
})

describe('a broker that', () => {
  let node: RabbitmqNode
  let tlsPort: number
  beforeAll(async () => {
    if (!isInstalled()) return // each test says so
    tlsPort = await freePort()
    node = await RabbitmqNode.start({
      config: [
        `listeners.ssl.1 = 127.0.0.1:${tlsPort}`,
        `ssl_options.cacertfile = ${pem('ca.pem')}`,
        `ssl_options.certfile = ${pem('server.pem')}`,
        `ssl_options.keyfile = ${pem('server.key')}`,
      ],
    })
  }, 120_000)
  afterAll(() => node?.[Symbol.asyncDispose]())

  test('asks for TLS gets it', async () => {
    const { session } = openTestLink(`amqps://guest:guest@localhost:${tlsPort}`, {
      tls: { ca: pem('ca.pem') },
      setup,
    })
    expect(await publishOn(await session())).toBe('confirmed')
  })

  test('is out of memory is neither written to nor doubted until it reads again', async () => {
    const confirmMs = milliseconds(3_000)
    const url = `amqp://${node.host}:${node.port}`
    const { session, events } = openTestLink(url, { deadlines: { ...quick, confirmMs }, setup })
    const open = await session()
    const channel = await open.openChannel({ confirm: true, prefetch: 0 })
    expect(await channel.publish(letter)).toEqual({ kind: 'confirmed' })
    await node.setAlarm()
    try {
      const held = channel.publish(letter)
      await events.first('linkBlocked')
      const later = channel.publish(letter)
      const longer = new Promise((resolve) => setTimeout(resolve, 2 * confirmMs, 'neither'))
      expect(await Promise.race([held, later, longer])).toBe('neither')
      await node.clearAlarm()
      expect(await Promise.all([held, later])).toEqual([{ kind: 'confirmed' }, { kind: 'confirmed' }])
      expect(open.lost.aborted).toBe(false)
      expect(events.of('linkUnblocked')).toEqual([
        expect.objectContaining({ lastedMs: expect.toSatisfy((ms) => ms >= 2 * confirmMs) }),
      ])
    } finally {
      await node.clearAlarm()
    }
  })

  test('is killed and starts again is used again, with what it had confirmed', async () => {
    const { session, events } = openTestLink(`amqp://${node.host}:${node.port}`, { setup })
    const before = await (await session()).apart('look', (channel) => channel.checkQueue('q'))
    expect(await publishOn(await session())).toBe('confirmed')
    await node.kill()
    await events.first('linkLost')
    await events.first('linkFailed')
    await node.start()
    const started = performance.now()
    const after = await (await session()).apart('look', (channel) => channel.checkQueue('q'))
    expectTook(performance.now() - started, 2_000)
    expect(after?.messages).toBe((before?.messages ?? 0) + 1)
  })

  test('stops in order and starts again is used again', async () => {
    const { session, events } = openTestLink(`amqp://${node.host}:${node.port}`, { setup })
    await (await session()).openChannel({ confirm: true, prefetch: 0 })
    await node.stop()
    expect(String((await events.first('linkLost')).error)).toMatch('CONNECTION_FORCED')
    await node.start()
    expect(await publishOn(await session())).toBe('confirmed')
  })

  test('stands still is left after its heartbeats, and used again when it goes on', async () => {
    const { session, events } = openTestLink(`amqp://${node.host}:${node.port}`, {
      heartbeatMs,
      deadlines: quick,
    })
    await session()
    node.pause()
    try {
      await events.first('linkLost')
      await events.first('linkFailed')
    } finally {
      node.resume()
    }
    await session()
  })
})
