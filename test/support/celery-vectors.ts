import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Incoming } from '../../src/amqp/session.ts'

const directory = join(import.meta.dirname, '../fixtures/celery')

/** A message as a Celery client sent it to a real broker; `.v563` = Celery 5.6.3, otherwise 5.2.6. */
export interface CeleryVector {
  readonly name: string
  readonly incoming: Incoming
}

interface Recorded {
  readonly messages: readonly {
    readonly exchange: string
    readonly routing_key: string
    readonly redelivered: boolean
    readonly properties: Readonly<Record<string, string | number | undefined>>
    readonly headers: Readonly<Record<string, unknown>>
    readonly body_text?: string
    readonly body_base64?: string
    readonly queue?: string
  }[]
}

/** The tasks among the recorded messages: monitoring events that were recorded beside them are left out. */
export const celeryVectors: readonly CeleryVector[] = globSync('task-*.json', { cwd: directory })
  .sort()
  .flatMap((file) => {
    const { messages } = JSON.parse(readFileSync(join(directory, file), 'utf8')) as Recorded
    return messages
      .filter(({ exchange }) => exchange !== 'celeryev')
      .map((message, index) => ({
        name: `${basename(file, '.json')}${messages.length > 1 ? `[${index}]` : ''}`,
        incoming: toIncoming(message),
      }))
  })

export function celeryVector(name: string): Incoming {
  const vector = celeryVectors.find((candidate) => candidate.name === name)
  if (!vector) throw new Error(`no recorded message ${name}`)
  return vector.incoming
}

function toIncoming(message: Recorded['messages'][number]): Incoming {
  const { properties } = message
  const text = (name: string): string | undefined =>
    properties[name] === undefined ? undefined : String(properties[name])
  return {
    queue: message.queue ?? 'celery',
    exchange: message.exchange,
    routingKey: message.routing_key,
    redelivered: message.redelivered,
    body:
      message.body_base64 === undefined
        ? Buffer.from(message.body_text ?? '')
        : Buffer.from(message.body_base64, 'base64'),
    headers: Object.assign(Object.create(null), message.headers),
    messageId: text('message_id'),
    correlationId: text('correlation_id'),
    replyTo: text('reply_to'),
    contentType: text('content_type'),
    contentEncoding: text('content_encoding'),
    priority: typeof properties.priority === 'number' ? properties.priority : undefined,
  }
}

/** What a consumer gets of what was published. */
export function arrived(
  parts: {
    body: Buffer
    headers: Readonly<Record<string, unknown>>
    messageId?: string
    priority?: number
    contentType?: string
    correlationId?: string
    replyTo?: string
  },
  queue = 'taskbeat',
): Incoming {
  return {
    queue,
    exchange: '',
    routingKey: queue,
    redelivered: false,
    body: parts.body,
    headers: Object.assign(Object.create(null), parts.headers),
    messageId: parts.messageId,
    correlationId: parts.correlationId,
    replyTo: parts.replyTo,
    contentType: parts.contentType,
    contentEncoding: 'utf-8',
    priority: parts.priority,
  }
}
