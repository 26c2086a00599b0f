import { between, type Instant, type Milliseconds, milliseconds } from '../core/instant.ts'
import type { TaskMessage } from '../task/task-message.ts'
import { ladderStep } from './ladder.ts'
import { etaQueue, hasLanes, laneQueue, type QueueType } from './topology.ts'

/** Where a message is published: an exchange ('' = the default one, whose routing keys are names of queues) and a key. */
export interface Destination {
  readonly exchange: string
  readonly routingKey: string
}

/** What has to be known to say where a message goes. */
export interface RoutePlan {
  /** An ETA nearer than this is waited for by a worker, others in the broker. */
  readonly hold: Milliseconds
  readonly typeOf: (queue: string) => QueueType
}

/** So long before its ETA a message is back from the ladder at the latest, because a delay there is no promise. */
const earliness = milliseconds(5_000)

/**
 * Where a message goes, from wherever it comes: emitted by a beat, sent by an application, or published again by a
 * worker that had it too early. What is due goes to its queue; what is due soon, to where a worker waits for it; what
 * is due later, up the ladder, which it leaves before its ETA and never after. An occurrence whose runs may not overlap
 * goes to its entry's lane instead, due or not. A queue of others gets all at once: its consumers wait for the ETA.
 */
export function destinationOf(message: TaskMessage, now: Instant, { hold, typeOf }: RoutePlan): Destination {
  const { queue, eta, occurrence } = message
  const type = typeOf(queue)
  if (type === 'existing') return toQueue(queue)
  const wait = between(now, eta)
  const lane =
    occurrence && occurrence.overlap !== 'allow' && hasLanes(type)
      ? laneQueue(queue, occurrence.entry)
      : undefined
  if (wait <= 0) return toQueue(lane ?? queue)
  const routingKey = lane ?? etaQueue(queue)
  const step = wait > hold ? ladderStep(milliseconds(wait - Math.min(earliness, hold / 2))) : undefined
  return step ? { exchange: step.name, routingKey } : toQueue(routingKey)
}

function toQueue(name: string): Destination {
  return { exchange: '', routingKey: name }
}
