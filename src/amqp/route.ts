import { hashText } from '../core/hash-text.ts'
import { between, type Instant, type Milliseconds, milliseconds } from '../core/instant.ts'
import type { TaskMessage } from '../task/task-message.ts'

/** Where a message is published: an exchange ('' = the default one) and a routing key. */
export interface Destination {
  readonly exchange: string
  readonly routingKey: string
}

/** What has to be known of the broker's queues to say where a message goes. */
export interface RoutePlan {
  /** An ETA nearer than this is waited for by a worker, others in the broker. */
  readonly hold: Milliseconds
  /** Shortest first. */
  readonly delays: readonly Delay[]
  readonly queuesOf: (queue: string) => QueueRoute
}

/** Keeps what is published to `exchange` for this long, then hands it to the queue that its routing key names. */
export interface Delay {
  readonly length: Milliseconds
  readonly exchange: string
}

/** The queues behind the one queue that a message names. */
export type QueueRoute =
  /** Of somebody else's making: messages go there at once, and whoever consumes it waits for their ETA. */
  | { readonly kind: 'direct'; readonly name: string }
  | {
      readonly kind: 'own'
      /** What is due. */
      readonly work: string
      /** What a worker holds until it is due. */
      readonly eta: string
      /** What may not overlap with other runs of its entry, due or not. */
      readonly lanes: readonly string[]
    }

/** So long before its ETA a message is back from the broker at the latest, because a delay there is no promise. */
const earliness = milliseconds(5_000)

/**
 * Where a message goes, from wherever it comes: emitted by a beat, sent by an application, or published again by a
 * worker that had it too early. It comes out of a delay before its ETA and never after, so that it may take several.
 */
export function destinationOf(message: TaskMessage, now: Instant, plan: RoutePlan): Destination {
  const route = plan.queuesOf(message.queue)
  if (route.kind === 'direct') return toQueue(route.name)
  const wait = between(now, message.eta)
  const lane = laneOf(message, route.lanes)
  if (wait <= 0) return toQueue(lane ?? route.work)
  const routingKey = lane ?? route.eta
  const delay = wait > plan.hold ? longestWithin(plan, wait) : undefined
  return delay ? { exchange: delay.exchange, routingKey } : toQueue(routingKey)
}

/** The lane of its entry, for an occurrence whose runs may not overlap: all of an entry's go the same way. */
export function laneOf({ occurrence }: TaskMessage, lanes: readonly string[]): string | undefined {
  if (!occurrence || occurrence.overlap === 'allow') return undefined
  return lanes[Number.parseInt(hashText(occurrence.entry).slice(0, 8), 16) % lanes.length]
}

function longestWithin({ delays, hold }: RoutePlan, wait: Milliseconds): Delay | undefined {
  const most = wait - Math.min(earliness, hold / 2)
  return delays.findLast(({ length }) => length <= most)
}

function toQueue(name: string): Destination {
  return { exchange: '', routingKey: name }
}
