import { describe, expect, test } from 'vitest'
import { encodeTask } from '../../src/amqp/codec.ts'
import { triggeredMessage } from '../../src/beat/occurrence-message.ts'
import { instant } from '../../src/core/instant.ts'
import { newUuid } from '../../src/core/uuid.ts'
import { encodeMessage } from '../../src/sqlite/message-body.ts'
import { complaintsOf, settingsOf } from './read-text.ts'

const rabbitmq = 'broker: { url: "amqp://rabbit.example.org" }\n'
/** Three bytes a character, so many as a name may have. */
const longName = '☃'.repeat(200)
const longQueue = '☃'.repeat(50)

function entry(keys: string): string {
  return `schedules:\n  "${longName}": { every: 1m, task: "${longName}", queue: "${longQueue}", ${keys} }\n`
}

function encode(text: string): void {
  const [spec] = settingsOf(text).schedules
  if (!spec) throw new Error('there is no entry')
  const message = triggeredMessage(spec, newUuid(), instant(Date.UTC(2026, 10, 22)))
  encodeMessage(message)
  encodeTask(message)
}

function withoutPlace(complaint: string): string {
  return complaint.replace(/^\S+ \S+: /, '')
}

describe('arguments together have room in a message', () => {
  const args = `args: [${'x'.repeat(126_972)}]`
  const kwargs = (length: number): string => `kwargs: { to: ${'y'.repeat(length)} }`

  test('what is let through fits into one, whatever the names are', () => {
    encode(entry(`${args}, ${kwargs(126_967)}`))
  })

  test('one byte more is refused, where they stand or at the entry that gets them by default', () => {
    const tooMuch = 'args and kwargs together: 253,953 bytes as JSON, and a message has room for 253,952'
    expect(complaintsOf(entry(`${args}, ${kwargs(126_968)}`)).map(withoutPlace)).toEqual([tooMuch])
    const ofDefault = `defaults: { ${args}, ${kwargs(126_968)} }\n${entry('enabled: true')}`
    expect(complaintsOf(ofDefault).map(withoutPlace)).toEqual([tooMuch])
  })
})

describe('a map of just __type__ and __value__', () => {
  const unknown = 'args: [{ deep: [{ __type__: money, __value__: 5 }] }]'

  test.each([unknown, 'kwargs: { sum: { __type__: 1, __value__: 5 } }'])(
    'is refused where the broker is RabbitMQ: %s',
    (keys) => {
      expect(complaintsOf(rabbitmq + entry(keys)).map(withoutPlace)).toEqual([
        'a map of just __type__ and __value__ has a meaning for Celery, and the messages on RabbitMQ are of its kind',
      ])
      expect(() => encode(entry(keys))).toThrow(/a map of just __type__ and __value__/)
    },
  )

  test('travels by the embedded broker, and by RabbitMQ where Celery knows the type', () => {
    expect(settingsOf(entry(unknown)).schedules).toHaveLength(1)
    encode(rabbitmq + entry('args: [{ __type__: uuid, __value__: { hex: a } }]'))
  })
})
