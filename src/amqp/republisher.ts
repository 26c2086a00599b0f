import type { Clock } from '../core/clock.ts'
import { type Instant, type Milliseconds, milliseconds } from '../core/instant.ts'
import { rescheduled, type TaskMessage } from '../task/task-message.ts'
import { deadTask, forwardTask } from './codec.ts'
import type { HeldMessage } from './held-message.ts'
import type { Publisher } from './publisher.ts'
import { type Destination, destinationOf, type RoutePlan } from './route.ts'
import type { Incoming } from './session.ts'
import { deadQueue, runningQueue } from './topology.ts'

/** What of a message is different when it comes again. */
export interface Change {
  readonly attempt?: number
  readonly eta?: Instant
  readonly begun?: boolean
}

/** Says which copy of a message in the queue of long runs is which. */
export const copyHeader = 'taskbeat-copy'

/** When the waiting room is full, what is further away than this goes back to the broker. */
export const holdWhenFull: Milliseconds = milliseconds(10_000)

/**
 * Publishes again what was taken from a queue: elsewhere, later, or set aside. Each resolves when the broker has
 * confirmed it, so that the original may be acknowledged then and not before.
 */
export class Republisher {
  readonly #publisher: Pick<Publisher, 'send'>
  readonly #plan: RoutePlan
  readonly #clock: Clock

  constructor(publisher: Pick<Publisher, 'send'>, plan: RoutePlan, clock: Clock) {
    this.#publisher = publisher
    this.#plan = plan
    this.#clock = clock
  }

  /** To where it belongs at this moment. */
  forward(held: HeldMessage, change: Change = {}): Promise<void> {
    return this.#send(held, this.#plan, change)
  }

  /** To where it waits in the broker rather than in this worker. */
  putOff(held: HeldMessage): Promise<void> {
    return this.#send(held, { ...this.#plan, hold: holdWhenFull }, {})
  }

  /** To this worker's own queue of long runs, as the copy of this name. */
  keep(held: HeldMessage, instance: string, copy: string): Promise<void> {
    // Should this worker die, only the copy can say it.
    const task = forwardTask(held.incoming, { begun: isOccurrence(held) && (held.begun || held.taken) })
    const routingKey = runningQueue(held.queue, instance)
    const outgoing = { ...task, exchange: '', routingKey, headers: { ...task.headers, [copyHeader]: copy } }
    return this.#publisher.send([{ queue: held.queue, outgoing }])
  }

  setAside(incoming: Incoming, queue: string, reason: string): Promise<void> {
    const outgoing = {
      ...deadTask(incoming, reason, this.#clock.now()),
      exchange: '',
      routingKey: deadQueue(queue),
    }
    return this.#publisher.send([{ queue, outgoing }])
  }

  #send(held: HeldMessage, plan: RoutePlan, change: Change): Promise<void> {
    const { message, incoming, queue } = held
    const next = { ...rescheduled(message, { eta: message.eta, ...change }), queue }
    const destination = destinationAgain(next, this.#clock.now(), plan)
    const task = forwardTask(incoming, { begun: isOccurrence(held) && held.begun, ...change })
    return this.#publisher.send([{ queue, outgoing: { ...task, ...destination } }])
  }
}

/** Of others nobody asks whether they have begun. */
function isOccurrence({ message }: HeldMessage): boolean {
  return message.occurrence !== undefined
}

/**
 * What is sent to a queue of others goes there whatever its ETA. What a worker had too early from it would come back to
 * it at once, so it waits beside it, in the queue that is ours.
 */
function destinationAgain(message: TaskMessage, now: Instant, plan: RoutePlan): Destination {
  if (plan.typeOf(message.queue) !== 'existing' || message.eta <= now)
    return destinationOf(message, now, plan)
  const { occurrence: _occurrence, ...withoutLane } = message
  return destinationOf(withoutLane, now, { ...plan, typeOf: () => 'quorum' })
}
