import { deflateSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { decodeTask, encodeTask } from '../../src/amqp/codec.ts'
import { instant } from '../../src/core/instant.ts'
import { isUuid } from '../../src/core/uuid.ts'
import { arrived, celeryVector, celeryVectors } from '../support/celery-vectors.ts'
import { aMessage } from '../support/messages.ts'

const there = { queue: 'celery', now: instant(Date.UTC(2026, 10, 22, 8)) }
const decode = (name: string) => decodeTask(celeryVector(name), there)

/** Of the recorded messages these cannot be run, each for its reason. */
const refused: readonly (readonly [RegExp, RegExp])[] = [
  [/^task-big-args/, /9007199254740993 is beyond 2\^53/],
  [/^task-chain-link-error/, /error callback \(link_error\), which is not supported yet/],
  [/^task-chain/, /next step \(chain\), which is not supported yet/],
  [/^task-chord/, /a chord, which is not supported yet/],
  [/^task-link/, /a callback \(link\), which is not supported yet/],
  [/^task-protocol1/, /Celery task protocol 1: set task_protocol = 2/],
  [/^task-serializer-pickle/, /content type is "application\/x-python-serialize"/],
  [/^task-serializer-yaml/, /content type is "application\/x-yaml"/],
]

describe('every message recorded from a Celery client', () => {
  test.each(celeryVectors.map(({ name, incoming }) => [name, incoming] as const))('%s', (name, incoming) => {
    const decoded = decodeTask(incoming, there)
    const reason = refused.find(([pattern]) => pattern.test(name))?.[1]
    if (reason) {
      expect(decoded).toEqual({ problem: expect.stringMatching(reason) })
      return
    }
    expect(decoded).toMatchObject({
      id: incoming.headers.id,
      task: incoming.headers.task,
      queue: 'celery',
      attempt: Number(incoming.headers.retries) + 1,
    })
    if ('problem' in decoded) return
    expect(isUuid(decoded.id)).toBe(true)
    expect(decodeTask(arrived(encodeTask(decoded)), there)).toEqual(decoded)
  })
})

describe('of Celery', () => {
  const at = Date.UTC(2030, 0, 2, 3, 4, 5)
  test.each([
    ['task-eta-utc', at + 679, 'microseconds are rounded up, so that nothing is early'],
    ['task-eta-naive', at, 'no offset is UTC'],
    ['task-eta-offset', at - 5.5 * 3_600_000, 'an offset counts'],
  ])('%s: %d, for %s', (name, eta) => {
    expect(decode(name)).toMatchObject({ eta })
  })

  test('arguments of all kinds arrive', () => {
    expect(decode('task-args-kwargs-unicode')).toMatchObject({
      args: ['héllo ☃ 𝄞'],
      kwargs: { y: { a: [1, 2.5, null, true] } },
    })
    expect(decode('task-kwargs.v563')).toMatchObject({ args: [], kwargs: { x: 4, y: 5 } })
    expect(decode('task-json-types.v563')).toMatchObject({
      args: [{ __type__: 'datetime' }, expect.any(Array)],
    })
  })

  test('a compressed body arrives, and one that would burst is refused', () => {
    expect(decode('task-compressed-zlib')).toMatchObject({ args: expect.any(Array) })
    const bomb = deflateSync(Buffer.alloc(10_000_000, ' '))
    expect(decodeTask({ ...celeryVector('task-compressed-zlib'), body: bomb }, there)).toEqual({
      problem: 'decompressed it has more than 262144 bytes',
    })
  })

  test('a priority counts, and 0 is what a client writes where nobody said anything', () => {
    expect(decode('task-priority')).toMatchObject({ priority: 7 })
    expect(decode('task-plain')).toMatchObject({ priority: 4 })
    expect(decode('task-queue-option')).toMatchObject({ priority: 4 })
    expect(decodeTask({ ...celeryVector('task-priority'), priority: 200 }, there)).toMatchObject({
      priority: 9,
    })
  })
})

test('what is encoded has the shape that a Python client writes', () => {
  const { body, headers, contentType } = encodeTask(
    aMessage({ attempt: 2, expires: instant(Date.now() + 1_000), args: [1], kwargs: { a: 'ü' } }),
    { origin: 'gen1@host' },
  )
  const theirs = celeryVector('task-expires-datetime.v563')
  expect(contentType).toBe(theirs.contentType)
  for (const [name, value] of Object.entries(headers)) {
    expect(Object.keys(theirs.headers)).toContain(name)
    expect(typeof value).toBe(typeof theirs.headers[name])
  }
  const isoFormat = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/
  for (const name of ['eta', 'expires'] as const) expect(headers[name]).toMatch(isoFormat)
  const [args, kwargs, embed] = JSON.parse(body.toString())
  const [theirArgs, theirKwargs, theirEmbed] = JSON.parse(theirs.body.toString())
  expect([args, kwargs].map(Array.isArray)).toEqual([theirArgs, theirKwargs].map(Array.isArray))
  expect(embed).toEqual(theirEmbed)
})
