import { describe, expect, test } from 'vitest'
import { parseTaskMessage } from '../../src/task/parse-task-message.ts'
import { aMessage, anOccurrence } from '../support/messages.ts'

const outside = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe('what comes from outside', () => {
  test('is a message when all of it is right', () => {
    const message = anOccurrence(
      'nightly',
      { startBy: aMessage().eta },
      { expires: aMessage().eta, args: [{ a: 1 }] },
    )
    expect(parseTaskMessage(outside(message))).toEqual(message)
  })

  test('leaves behind what a message does not have', () => {
    expect(parseTaskMessage({ ...aMessage(), command: ['rm'], env: {} })).not.toHaveProperty('command')
  })

  test.each<[string, unknown]>([
    ['the message is no map', [1]],
    ['id is missing', { ...aMessage(), id: undefined }],
    ['id is no name of 1 to 255 characters', { ...aMessage(), id: '' }],
    ['task is no name of 1 to 255 characters', { ...aMessage(), task: 'x'.repeat(256) }],
    ['task has control characters', { ...aMessage(), task: 'a\u001b[31m' }],
    ['task has control characters', { ...aMessage(), task: 'a\u202eb' }],
    ['args is no list', { ...aMessage(), args: {} }],
    ['kwargs is no map', { ...aMessage(), kwargs: [] }],
    ['priority is no whole number from 0 to 9', { ...aMessage(), priority: 10 }],
    ['eta is no time of the years 1970 to 9999, in whole milliseconds', { ...aMessage(), eta: 1e300 }],
    ['attempt is no whole number from 1 to 1000000', { ...aMessage(), attempt: 1.5 }],
    [
      'overlap is none of skip, allow, queue',
      { ...aMessage(), occurrence: { ...anOccurrence('e').occurrence, overlap: 'x' } },
    ],
    [
      'replaceable is neither true nor false',
      { ...aMessage(), occurrence: { ...anOccurrence('e').occurrence, replaceable: 1 } },
    ],
  ])('is refused with the reason: %s', (problem, value) => {
    expect(parseTaskMessage(outside(value))).toEqual({ problem })
  })

  test('cannot change what a map inherits', () => {
    const forged = JSON.parse(
      JSON.stringify(aMessage()).replace('"kwargs":{}', '"kwargs":{"__proto__":{"admin":true}}'),
    )
    expect(parseTaskMessage(forged)).toEqual({ problem: 'kwargs has a key __proto__' })
  })
})
