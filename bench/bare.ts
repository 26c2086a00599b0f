import { type ConfirmChannel, connect, type Options } from 'amqplib'
import type { TaskMessage } from '../src/task/task-message.ts'
import { inFlight, rateOf } from './in-flight.ts'

/** A message as whoever knows only amqplib would publish it: the same as ours on the wire. */
export interface BareMessage {
  readonly headers: Readonly<Record<string, unknown>>
  readonly call: readonly unknown[]
  readonly id: string
}

export function bareMessage({ id, task, args, kwargs, eta, occurrence }: TaskMessage): BareMessage {
  const followers = { callbacks: null, errbacks: null, chain: null, chord: null }
  const ofOccurrence = occurrence && {
    taskbeat_entry: occurrence.entry,
    taskbeat_due: occurrence.due,
    taskbeat_stamp: '1.1',
    taskbeat_overlap: occurrence.overlap,
    taskbeat_start_by: occurrence.startBy,
  }
  const at = `${new Date(eta).toISOString().slice(0, -1)}000+00:00`
  return { id, call: [args, kwargs, followers], headers: { task, id, eta: at, ...ofOccurrence } }
}

/** Publishes them to this queue, up to 1,000 in flight, and resolves with how many were confirmed in a second. */
export async function publishBarely(
  url: string,
  queue: string,
  messages: readonly BareMessage[],
): Promise<number> {
  const connection = await connect(url)
  const channel = await connection.createConfirmChannel()
  const rate = await rateOf(messages.length, () =>
    inFlight(messages, 1_000, (message) => publish(channel, queue, message)),
  )
  await connection.close()
  return rate
}

function publish(channel: ConfirmChannel, queue: string, { id, headers, call }: BareMessage): Promise<void> {
  const options: Options.Publish = {
    headers,
    persistent: true,
    mandatory: true,
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    messageId: id,
  }
  return new Promise((resolve, reject) => {
    channel.publish('', queue, Buffer.from(JSON.stringify(call)), options, (error) => {
      if (error) reject(error)
      else resolve()
    })
  })
}
