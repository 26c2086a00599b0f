import type { Instant } from '../core/instant.ts'
import type { Undecodable } from '../task/parse-task-message.ts'
import type { TaskMessage } from '../task/task-message.ts'
import { decodeTask, encodeTask } from './codec.ts'
import type { Incoming, Outgoing } from './session.ts'
import { parkedQueue } from './topology.ts'

/** The queue that it is for, which nothing else of it says. */
const parkedForHeader = 'taskbeat_parked_for'

/** A message as it waits until the queue that it is for takes it. */
export function toParked(group: string, message: TaskMessage): Outgoing {
  const { headers, ...task } = encodeTask(message)
  return {
    ...task,
    headers: { ...headers, [parkedForHeader]: message.queue },
    exchange: '',
    routingKey: parkedQueue(group),
  }
}

/** Everybody who can publish to the broker can write one. */
export function readParked(incoming: Incoming, now: Instant): TaskMessage | Undecodable {
  const queue = incoming.headers[parkedForHeader]
  if (typeof queue !== 'string') return { problem: 'it does not say which queue it is for' }
  return decodeTask(incoming, { queue, now })
}

const markerHeader = 'taskbeat_parked_mark'

/** Says where a queue of parked messages ends, to whoever put it there. */
export function marker(queue: string, messageId: string): Outgoing {
  return {
    exchange: '',
    routingKey: queue,
    body: Buffer.alloc(0),
    headers: { [markerHeader]: true },
    messageId,
  }
}

export function isMarker({ headers }: Incoming): boolean {
  return headers[markerHeader] === true
}
