import { expect, test } from 'vitest'
import { claimedId, deadTask, decodeTask, encodeTask, forwardTask } from '../../src/amqp/codec.ts'
import { instant } from '../../src/core/instant.ts'
import { arrived, celeryVector } from '../support/celery-vectors.ts'
import { aMessage, anOccurrence, soon } from '../support/messages.ts'

const there = { queue: 'taskbeat', now: instant(0) }

test('what moves on is the same message, with all that it carries for others', () => {
  const incoming = celeryVector('task-shadow-headers.v563')
  const moved = forwardTask(incoming)
  expect(moved).toMatchObject({
    body: incoming.body,
    correlationId: incoming.correlationId,
    replyTo: incoming.replyTo,
    priority: incoming.priority,
    contentType: 'application/json',
  })
  expect({ ...moved.headers }).toEqual({ ...incoming.headers })
})

test('the next attempt is one retry more, due when it is said to be', () => {
  const message = aMessage({ attempt: 2 })
  const eta = soon(10_000)
  const moved = forwardTask(arrived(encodeTask(message)), { attempt: 3, eta })
  expect(decodeTask(arrived(moved), there)).toEqual({ ...message, attempt: 3, eta })
})

test('what made it too late is left behind on demand', () => {
  const message = anOccurrence('once', { startBy: soon(1) }, { expires: soon(2) })
  const moved = decodeTask(arrived(forwardTask(arrived(encodeTask(message)), { unbounded: true })), there)
  expect(moved).toMatchObject({ id: message.id, occurrence: { entry: 'once' } })
  expect(moved).not.toHaveProperty('expires')
  expect(moved).not.toHaveProperty('occurrence.startBy')
})

test('that an attempt had begun goes with it wherever it goes, and not with the next attempt', () => {
  const begun = forwardTask(arrived(encodeTask(anOccurrence('once'))), { begun: true })
  expect(forwardTask(arrived(begun), { eta: soon(1) }).headers).toMatchObject({ taskbeat_begun: true })
  expect(forwardTask(arrived(begun), { attempt: 2 }).headers).not.toHaveProperty('taskbeat_begun')
})

test('nothing moves on that means something to a broker', () => {
  const parts = encodeTask(aMessage())
  const headers = {
    ...parts.headers,
    'x-death': [{ queue: 'a', reason: 'expired' }],
    'x-first-death-queue': 'a',
    'x-delivery-count': 3,
    CC: ['payroll'],
    BCC: ['payroll'],
    taskbeat_dead_reason: 'was dead',
    taskbeat_dead_at: 1,
    tenant: 't1',
  }
  expect(Object.keys(forwardTask(arrived({ ...parts, headers })).headers)).toEqual([
    'task',
    'id',
    'eta',
    'tenant',
  ])
})

test('what is set aside carries why and when', () => {
  const message = aMessage()
  const { headers } = deadTask(arrived(encodeTask(message)), 'exit code 3', instant(5))
  expect(headers).toMatchObject({ id: message.id, taskbeat_dead_reason: 'exit code 3', taskbeat_dead_at: 5 })
  expect(
    deadTask(arrived(encodeTask(message)), 'x'.repeat(5_000), instant(5)).headers.taskbeat_dead_reason,
  ).toHaveLength(1_001)
})

test('what is set aside can be published again, whatever its headers were', () => {
  const parts = encodeTask(aMessage())
  const incoming = arrived({ ...parts, headers: { ...parts.headers, big: 'x'.repeat(70_000) } })
  expect({ ...deadTask(incoming, 'too large', instant(5)).headers }).toEqual({
    id: parts.messageId,
    taskbeat_dead_reason: 'too large',
    taskbeat_dead_at: 5,
  })
})

test('an id is named as far as it can be printed', () => {
  const parts = { body: Buffer.of(), headers: {} }
  expect(claimedId(arrived({ ...parts, headers: { id: 'a-1' } }))).toBe('a-1')
  expect(claimedId(arrived({ ...parts, headers: { id: '\u001b[2J' }, messageId: 'b' }))).toBe('b')
  expect(claimedId(arrived({ ...parts, headers: { id: 7 } }))).toBeUndefined()
})
