import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeTask, encodeTask } from '../../src/amqp/codec.ts'
import type { Incoming } from '../../src/amqp/session.ts'
import { instant } from '../../src/core/instant.ts'
import { newUuid } from '../../src/core/uuid.ts'
import type { TaskMessage } from '../../src/task/task-message.ts'
import { arrived } from '../support/celery-vectors.ts'
import { aMessage, anOccurrence, soon } from '../support/messages.ts'

const now = instant(Date.UTC(2026, 10, 22, 8))
const there = { queue: 'taskbeat', now }
const roundTrip = (message: TaskMessage) =>
  decodeTask(arrived(encodeTask(message)), { ...there, queue: message.queue })
const problemOf = (incoming: Incoming): string => {
  const decoded = decodeTask(incoming, there)
  return 'problem' in decoded ? decoded.problem : `decoded: ${decoded.id}`
}

describe('what is encoded', () => {
  test('reads the same again', () => {
    const full = anOccurrence(
      'nightly',
      {
        due: soon(-5),
        stamp: { epoch: 7, seq: 12 },
        overlap: 'queue',
        waitLimit: 1_000,
        startBy: soon(60_000),
        replaceable: false,
      },
      {
        args: [1, { x: ['ü', null, '𝄞'] }],
        kwargs: { to: 'a@b' },
        priority: 9,
        attempt: 3,
        expires: soon(90_000),
      },
    )
    for (const message of [
      aMessage(),
      full,
      anOccurrence('x', { overlap: 'skip' }),
      aMessage({ priority: 0 }),
    ])
      expect(roundTrip(message)).toEqual(message)
  })

  test('reads the same again, whatever is sent', () => {
    const instants = fc.integer({ min: 0, max: Date.UTC(9999, 0) }).map(instant)
    const names = fc
      .string({ minLength: 1, maxLength: 60, unit: 'grapheme' })
      .filter((name) => !/\p{C}/u.test(name))
    const counts = fc.nat({ max: Number.MAX_SAFE_INTEGER })
    const json = fc
      .jsonValue({ noUnicodeString: false })
      .filter((value) => !/__proto__|-0(?![.\d])/.test(JSON.stringify(value)))
    const messages = fc.record<TaskMessage>(
      {
        id: fc.uuid(),
        task: names,
        args: fc.array(json),
        kwargs: fc.dictionary(names, json).filter((map) => !Object.hasOwn(map, '__proto__')),
        queue: names,
        priority: fc.integer({ min: 0, max: 9 }),
        eta: instants,
        attempt: fc.integer({ min: 1, max: 1_000_000 }),
        expires: instants,
        occurrence: fc.record(
          {
            entry: names,
            due: instants,
            stamp: fc.record({ epoch: counts, seq: counts }),
            overlap: fc.constantFrom('skip', 'allow', 'queue'),
            waitLimit: fc.nat({ max: 1_000_000 }),
            startBy: instants,
            replaceable: fc.boolean(),
          },
          { requiredKeys: ['entry', 'due', 'stamp', 'overlap', 'waitLimit', 'replaceable'] },
        ),
      },
      { requiredKeys: ['id', 'task', 'args', 'kwargs', 'queue', 'priority', 'eta', 'attempt'] },
    )
    fc.assert(
      fc.property(messages, (message) => {
        // What JSON itself does not keep (-0, large whole numbers) is none of the codec's business.
        const asJson = JSON.parse(JSON.stringify(message)) as TaskMessage
        let decoded: unknown
        try {
          decoded = roundTrip(asJson)
        } catch (error) {
          expect((error as Error).message).toMatch(/2\^53|__type__/)
          return
        }
        expect(JSON.parse(JSON.stringify(decoded))).toEqual(asJson)
      }),
    )
  })

  test('has the content type, without which a Python worker dies', () => {
    expect(encodeTask(aMessage()).contentType).toBe('application/json')
  })

  test('has task and id, without which a Python worker dies', () => {
    const message = aMessage()
    expect(encodeTask(message).headers).toMatchObject({ task: message.task, id: message.id })
  })

  test('has a body of three parts with all four keys of the last, without which a Python worker dies', () => {
    const { body } = encodeTask(aMessage({ args: [4, 4], kwargs: { a: 1 } }))
    expect(JSON.parse(body.toString())).toEqual([
      [4, 4],
      { a: 1 },
      { callbacks: null, errbacks: null, chain: null, chord: null },
    ])
  })

  test('has times of six digits and +00:00, which Celery 5.2 reads right', () => {
    const at = instant(Date.UTC(2030, 0, 2, 3, 4, 5, 900))
    expect(encodeTask(aMessage({ eta: at, expires: at })).headers).toMatchObject({
      eta: '2030-01-02T03:04:05.900000+00:00',
      expires: '2030-01-02T03:04:05.900000+00:00',
    })
  })

  test('has no header that says nothing', () => {
    expect(Object.keys(encodeTask(aMessage()).headers)).toEqual(['task', 'id', 'eta'])
    expect(encodeTask(aMessage())).not.toHaveProperty('priority')
    const message = anOccurrence('tick', { overlap: 'skip' })
    expect(Object.keys(encodeTask(message).headers)).toEqual([
      'task',
      'id',
      'eta',
      'taskbeat_entry',
      'taskbeat_due',
      'taskbeat_stamp',
    ])
  })

  test('has no ETA for workers of others when it is over', () => {
    expect(encodeTask(aMessage({ eta: now }), { etaSaysNothingThrough: now }).headers).not.toHaveProperty(
      'eta',
    )
    const later = aMessage({ eta: instant(now + 1) })
    expect(encodeTask(later, { etaSaysNothingThrough: now }).headers).toHaveProperty('eta')
  })

  test('counts retries from 0, and names its origin where there is one', () => {
    expect(encodeTask(aMessage({ attempt: 3 }), { origin: 'gen1@host' }).headers).toMatchObject({
      retries: 2,
      origin: 'gen1@host',
    })
  })

  test('has headers of plain types only, as every client of AMQP can read them', () => {
    const { headers } = encodeTask(
      anOccurrence('a', { startBy: soon(1), replaceable: false, overlap: 'allow', waitLimit: 3 }),
    )
    for (const value of Object.values(headers))
      expect(['string', 'number', 'boolean']).toContain(typeof value)
  })

  test.each<[string, Partial<TaskMessage>, RegExp]>([
    ['no task', { task: '' }, /task is no name/],
    ['arguments that are no list', { args: { 0: 1 } as never }, /args is no list/],
    ['keyword arguments that are no map', { kwargs: [1] as never }, /kwargs is no map/],
    ['a bigint', { args: [1n] }, /not JSON/],
    ['a circle', { args: [circle()] }, /not JSON/],
    ['300 KB', { args: ['x'.repeat(300_000)] }, /300\d+ bytes, and 262144 are the most/],
    ['a depth bomb', { args: [nested(70)] }, /nested deeper than 64/],
    ['a whole number that would be rounded', { args: [2 ** 60] }, /1152921504606847000 is beyond 2\^53/],
    ['a map that Python would take for a type', { args: [[{ __type__: 'x', __value__: 1 }]] }, /__type__/],
  ])('is refused with %s', (_, change, reason) => {
    expect(() => encodeTask(aMessage({ task: 'report', ...change }))).toThrow(
      expect.objectContaining({ code: 'MESSAGE_REFUSED', message: expect.stringMatching(reason) }),
    )
  })

  test('keeps the types that Python wraps', () => {
    const message = aMessage({ args: [{ __type__: 'uuid', __value__: { hex: '00' } }] })
    expect(roundTrip(message)).toEqual(message)
  })
})

describe('what is hostile or broken is refused, with the reason', () => {
  const good = encodeTask(aMessage())
  const withBody = (body: string | Buffer): Incoming => arrived({ ...good, body: Buffer.from(body) })
  const call = (args: string, kwargs = '{}', embed = 'null'): Incoming =>
    withBody(`[${args},${kwargs},${embed}]`)
  const withHeaders = (headers: Record<string, unknown>): Incoming =>
    arrived({ ...good, headers: { ...good.headers, ...headers } })

  test.each<[string, Incoming, RegExp]>([
    ['no content type', arrived({ body: good.body, headers: good.headers }), /no content type/],
    ['pickle', arrived({ ...good, contentType: 'application/x-python-serialize' }), /x-python-serialize/],
    ['a foreign encoding', { ...arrived(good), contentEncoding: 'utf-16' }, /content encoding is "utf-16"/],
    ['bytes that are no UTF-8', withBody(Buffer.from([0x5b, 0xff, 0x5d])), /not UTF-8/],
    ['no JSON', withBody('[[],{'), /no JSON/],
    ['NaN', call('[NaN]'), /it has NaN, which JSON does not know/],
    ['-Infinity', call('[-Infinity]'), /it has -Infinity/],
    ['a number that overflows', call('[1e999]'), /number 1e999 is too large/],
    ['a long number', call(`[${'9'.repeat(400)}]`), /too large/],
    ['2^53 + 1', call('[9007199254740993]'), /9007199254740993 is beyond 2\^53/],
    ['a key __proto__', call('[]', '{"__proto__":{"a":1}}'), /__proto__/],
    ['a key __proto__ deep inside', call('[{"a":[{"__proto__":1}]}]'), /__proto__/],
    ['a key __proto__ in disguise', call('[{"\\u005f_proto__":1}]'), /__proto__/],
    ['a depth bomb', call('['.repeat(100_000)), /nested deeper/],
    ['a body that is a map', withBody('{"a":1}'), /no list of args, kwargs and embed/],
    ['a body of two', withBody('[[],{}]'), /no list of args, kwargs and embed/],
    ['args that are a map', call('{}'), /args is no list/],
    ['kwargs that are a list', call('[]', '[]'), /kwargs is no map/],
    ['an embed that is a list', call('[]', '{}', '[]'), /embed of its body is no map/],
    ['a callback', call('[]', '{}', '{"callbacks":[{"task":"x"}]}'), /callback \(link\).*not supported yet/],
    ['a body of 300 KB', withBody(`["${'x'.repeat(300_000)}"]`), /bytes, and 262144 are the most/],
    ['no task', withHeaders({ task: undefined }), /header task is missing/],
    ['a task that is a number', withHeaders({ task: 7 }), /task is no name/],
    ['a task with control characters', withHeaders({ task: 'a\u001b[2J' }), /control characters/],
    ['no id', withHeaders({ id: undefined }), /id is no name/],
    ['an id that steers a terminal', withHeaders({ id: 'a\u001b[31m' }), /id has control characters/],
    ['an ETA that is a number', withHeaders({ eta: 1_893_553_445 }), /eta is no ISO 8601 time: a number/],
    ['an ETA on 30 February', withHeaders({ eta: '2030-02-30T00:00:00' }), /eta is no ISO 8601 time/],
    ['an ETA before 1970', withHeaders({ eta: '1960-01-01T00:00:00' }), /eta is no/],
    ['garbage for expires', withHeaders({ expires: 'soon' }), /expires is no ISO 8601 time: "soon"/],
    ['retries below 0', withHeaders({ retries: -1 }), /retries/],
    ['retries as text', withHeaders({ retries: '1' }), /retries/],
    ['an occurrence without its due', withHeaders({ taskbeat_entry: 'a', taskbeat_stamp: '1.1' }), /due/],
    [
      'a stamp that is none',
      withHeaders({ taskbeat_entry: 'a', taskbeat_due: 1, taskbeat_stamp: 1 }),
      /stamp/,
    ],
    ['headers of 40 KB', withHeaders({ big: 'x'.repeat(40_000) }), /headers are too large/],
    ['headers of great depth', withHeaders({ deep: nested(1_000) }), /headers are too large/],
    ['unknown compression', withHeaders({ compression: 'application/x-bz2' }), /"application\/x-bz2"/],
    ['what is not compressed', withHeaders({ compression: 'application/x-gzip' }), /cannot be decompressed/],
  ])('%s', (_, incoming, reason) => {
    expect(problemOf(incoming)).toMatch(reason)
  })

  test('numbers that are written out are no trouble', () => {
    const decoded = decodeTask(
      call('[0.1234567890123456789, 1e100, -9007199254740991, "9007199254740993", "__proto__", 1.0e0]'),
      there,
    )
    expect(decoded).toMatchObject({
      args: [0.12345678901234568, 1e100, -9007199254740991, '9007199254740993', '__proto__', 1],
    })
  })

  test('what is not said has its usual meaning', () => {
    const bare = arrived({
      body: Buffer.from('[[],{},{}]'),
      headers: { task: 'add', id: newUuid() },
      contentType: 'application/json; charset=utf-8',
    })
    expect(decodeTask({ ...bare, contentEncoding: undefined }, there)).toMatchObject({
      eta: now,
      attempt: 1,
      priority: 4,
      queue: 'taskbeat',
    })
  })
})

function nested(depth: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < depth; level++) value = [value]
  return value
}

function circle(): unknown {
  const self: { self?: unknown } = {}
  self.self = self
  return self
}
