import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { decodeReply, decodeRequest, encodeReply, encodeRequest } from '../../src/amqp/control.ts'
import { callControl } from '../../src/amqp/control-caller.ts'
import { type ControlMethod, openControlListener } from '../../src/amqp/control-listener.ts'
import type { Session } from '../../src/amqp/session.ts'
import { controlExchange } from '../../src/amqp/topology.ts'
import { systemClock } from '../../src/core/clock.ts'
import { instant, milliseconds } from '../../src/core/instant.ts'
import { openTestLink } from '../support/amqp-world.ts'
import { arrived } from '../support/celery-vectors.ts'
import { expectTook } from '../support/expect-took.ts'
import { useRabbitmq } from '../support/rabbitmq.ts'

const now = instant(1_000_000)
const answer = { ticket: 't1', queue: 'taskbeat.reply.1' }
const request = (body: unknown, headers = {}, contentType = 'application/json') =>
  decodeRequest(arrived({ body: Buffer.from(JSON.stringify(body)), headers, contentType }), now)

describe('a request', () => {
  test('reads the same again', () => {
    const sent = { method: 'ping', arguments: { a: 1 }, destination: ['x'], answer }
    expect(decodeRequest(arrived(encodeRequest(sent, instant(now + 1))), now)).toEqual(sent)
  })

  test('has the form that Celery gives it', () => {
    const outgoing = encodeRequest({ method: 'ping', arguments: {}, answer }, instant(2_500))
    const recorded = JSON.parse(
      readFileSync(new URL('../fixtures/celery/pidbox-inspect-ping.json', import.meta.url), 'utf8'),
    ).messages[0]
    expect(Object.keys(JSON.parse(outgoing.body.toString())).sort()).toEqual(
      Object.keys(recorded.body_json).sort(),
    )
    expect(Object.keys(JSON.parse(outgoing.body.toString()).reply_to).sort()).toEqual([
      'exchange',
      'routing_key',
    ])
    expect(outgoing).toMatchObject({ headers: { expires: 2.5 }, mandatory: false, persistent: false })
    expect(request(recorded.body_json)).toHaveProperty('problem')
    expect(request({ ...recorded.body_json, reply_to: null })).toEqual({ method: 'ping', arguments: {} })
  })

  test.each<[string, ReturnType<typeof request>, RegExp]>([
    ['that is over', request({ method: 'ping' }, { expires: 999 }), /expired/],
    ['in pickle', request({ method: 'ping' }, {}, 'application/x-python-serialize'), /no JSON/],
    ['that is a list', request(['ping']), /body is no map/],
    ['without a method', request({ arguments: {} }), /no method/],
    ['with arguments that are a list', request({ method: 'ping', arguments: [] }), /arguments is no map/],
    ['to one name', request({ method: 'ping', destination: 'a' }), /no list of names/],
    [
      'with a key __proto__',
      decodeRequest(raw('{"method":"a","arguments":{"__proto__":{}}}'), now),
      /__proto__/,
    ],
    ['of great depth', decodeRequest(raw('['.repeat(10_000)), now), /nested/],
    [
      'that is to be answered into the queue of tasks',
      request({ method: 'ping', ticket: 't', reply_to: { exchange: '', routing_key: 'taskbeat' } }),
      /begins with taskbeat\.reply\./,
    ],
    [
      'that is to be answered to an exchange',
      request({
        method: 'ping',
        ticket: 't',
        reply_to: { exchange: 'amq.topic', routing_key: 'taskbeat.reply.1' },
      }),
      /default exchange/,
    ],
  ])('%s is refused', (_, decoded, reason) => {
    expect(decoded).toEqual({ problem: expect.stringMatching(reason) })
  })

  test('by a pattern is for nobody of ours', () => {
    expect(request({ method: 'ping', pattern: 'vec@*', matcher: 'glob' })).toMatchObject({ destination: [] })
  })
})

test('a reply reads the same again, and counts only with its ticket', () => {
  for (const reply of [
    { node: 'a', value: { ok: 'pong' } },
    { node: 'a', error: 'no' },
  ]) {
    const incoming = arrived(encodeReply(reply, answer))
    expect(decodeReply(incoming, 't1')).toEqual([reply])
    expect(decodeReply(incoming, 't2')).toHaveProperty('problem')
  }
})

describe('over a broker', () => {
  const rabbitmq = useRabbitmq()
  const listen = (session: Session, node: string, methods: Record<string, ControlMethod> = {}) =>
    openControlListener(session, { node, methods, clock: systemClock })
  const ask = (session: Session, method: string, destination?: readonly string[], waitMs = 500) =>
    callControl(
      session,
      { method, arguments: { x: 1 }, ...(destination ? { destination } : {}) },
      systemClock,
      { atMost: milliseconds(waitMs) },
    )
  const openWorld = async () => {
    const url = await rabbitmq.url()
    const open = (): Promise<Session> => openTestLink(url).session()
    return { open, session: await open() }
  }

  test('every process answers, each with its name', async () => {
    const { open, session } = await openWorld()
    await listen(await open(), 'worker@a', { status: async (args) => ({ slots: 10, args }) })
    await listen(await open(), 'beat@a')
    expect(await ask(session, 'ping')).toEqual(
      expect.arrayContaining([
        { node: 'worker@a', value: { ok: 'pong' } },
        { node: 'beat@a', value: { ok: 'pong' } },
      ]),
    )
    expect(await ask(session, 'status')).toEqual(
      expect.arrayContaining([
        { node: 'worker@a', value: { slots: 10, args: { x: 1 } } },
        { node: 'beat@a', error: 'unknown method "status"' },
      ]),
    )
  })

  test('only those answer that are named, and nobody waits longer for them than they take', async () => {
    const { open, session } = await openWorld()
    await listen(await open(), 'a')
    await listen(await open(), 'b')
    const begun = performance.now()
    expect(await ask(session, 'ping', ['b'], 10_000)).toEqual([{ node: 'b', value: { ok: 'pong' } }])
    expectTook(performance.now() - begun, 5_000)
  })

  test('what a method throws, or returns that is no JSON, is told as an error', async () => {
    const { open, session } = await openWorld()
    await listen(await open(), 'a', {
      fails: () => {
        throw new Error('disk on fire')
      },
      big: () => 1n,
      long: () => 'x'.repeat(300_000),
    })
    expect(await ask(session, 'fails', ['a'])).toEqual([{ node: 'a', error: 'disk on fire' }])
    expect(await ask(session, 'big', ['a'])).toEqual([{ node: 'a', error: 'the answer is not JSON' }])
    expect(await ask(session, 'long', ['a'])).toEqual([{ node: 'a', error: 'the answer is too large' }])
    expect(await ask(session, 'toString', ['a'])).toEqual([{ node: 'a', error: 'unknown method "toString"' }])
  })

  test('what is no request is dropped, and the next is heard', async () => {
    const { open, session } = await openWorld()
    const heard: unknown[] = []
    const listener = await listen(await open(), 'a', { note: (args) => heard.push(args) })
    const channel = await session.openChannel({ confirm: true, prefetch: 0 })
    for (const body of ['', 'null', '[]', '{"method":7}', '['.repeat(50_000)])
      await channel.publish({
        exchange: controlExchange.name,
        routingKey: '',
        body: Buffer.from(body),
        headers: {},
        mandatory: false,
      })
    await ask(session, 'note', ['a'])
    expect(heard).toEqual([{ x: 1 }])
    await listener.close()
    expect(await ask(session, 'ping', undefined, 200)).toEqual([])
  })
})

function raw(text: string) {
  return arrived({ body: Buffer.from(text), headers: {}, contentType: 'application/json' })
}
