import { expect, test } from 'vitest'
import { deadTask, forwardTask } from '../../src/amqp/codec.ts'
import {
  decodePrinted,
  encodePrinted,
  followerOf,
  followHeader,
  isPrinted,
} from '../../src/amqp/codec-printed.ts'
import { decodeResult } from '../../src/amqp/codec-result.ts'
import { replyQueuePrefix } from '../../src/amqp/control.ts'
import type { Incoming } from '../../src/amqp/session.ts'
import { instant } from '../../src/core/instant.ts'
import type { PrintedPart } from '../../src/task/printed.ts'
import { arrived } from '../support/celery-vectors.ts'

const ours = `${replyQueuePrefix}1`

const incoming = (change: Partial<Parameters<typeof arrived>[0]>): Incoming =>
  arrived({ body: Buffer.from('[]'), headers: {}, contentType: 'application/json', ...change })

const part: PrintedPart = {
  attempt: 2,
  from: 3,
  lines: [{ stream: 'stderr', line: 'ä', cut: true }],
  omitted: 4,
  end: true,
}

test('only a sender of ours who asked for it is told what a run prints', () => {
  const headers = { [followHeader]: true }
  expect(followerOf(incoming({ headers, replyTo: ours }))).toBe(ours)
  for (const other of [
    { replyTo: ours },
    { headers },
    { headers: { [followHeader]: 'true' }, replyTo: ours },
    { headers, replyTo: 'a queue of Celery' },
    { headers, replyTo: 'taskbeat' },
    { headers, replyTo: `${ours}${'x'.repeat(255)}` },
  ])
    expect(followerOf(incoming(other))).toBeUndefined()
})

test('a message that moves on is still followed', () => {
  const { headers, replyTo } = forwardTask(incoming({ headers: { [followHeader]: true }, replyTo: ours }))
  expect(followerOf(incoming({ headers, ...(replyTo !== undefined && { replyTo }) }))).toBe(ours)
})

test('a message that was set aside is followed by nobody, should it come again', () => {
  const followed = incoming({ headers: { [followHeader]: true }, replyTo: ours })
  expect(deadTask(followed, 'no', instant(0)).headers).not.toHaveProperty(followHeader)
})

test('what is printed arrives as it was, and is no result', () => {
  const { body, headers, routingKey } = encodePrinted('r1', part, ours)
  expect(routingKey).toBe(ours)
  const told = incoming({ body, headers })
  expect(isPrinted(told)).toBe(true)
  expect(decodePrinted(told)).toEqual({ id: 'r1', part })
  expect(decodeResult(told)).toBeUndefined()
})

test('what is no part of anything printed is passed over', () => {
  for (const value of [
    'no JSON',
    'null',
    '{}',
    '{"id":1}',
    JSON.stringify({ id: 'r1', part: { ...part, from: -1 } }),
    JSON.stringify({ id: 'r1', part: { ...part, end: 1 } }),
    JSON.stringify({ id: 'r1', part: { ...part, lines: [{ stream: 'stdin', line: '', cut: false }] } }),
    JSON.stringify({ id: 'r1', part: { ...part, lines: [{ stream: 'stdout', line: 1, cut: false }] } }),
  ])
    expect(decodePrinted(incoming({ body: Buffer.from(value) }))).toBeUndefined()
  expect(decodePrinted(incoming({ contentType: 'application/x-python-serialize' }))).toBeUndefined()
})
