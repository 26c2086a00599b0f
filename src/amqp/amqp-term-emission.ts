import type { Clock } from '../core/clock.ts'
import { TaskbeatError } from '../core/errors.ts'
import type { TaskMessage } from '../task/task-message.ts'
import { encodeTask } from './codec.ts'
import { destinationOf, type RoutePlan } from './route.ts'
import type { Channel, Outgoing, PublishOutcome, Session } from './session.ts'

export interface EmissionParts {
  readonly session: Session
  readonly publishing: Channel
  readonly plan: RoutePlan
  readonly clock: Clock
  /** Makes what belongs to a queue, where it is ours to make. */
  readonly declare: (session: Session, queue: string) => Promise<void>
  /** Asked before each portion; throws when nothing may be published. */
  readonly permit: () => void
}

/** How many messages are encoded and on their way at once. */
const mostInFlight = 1_000

interface Failed {
  readonly message: TaskMessage
  readonly outcome: Exclude<PublishOutcome, { kind: 'confirmed' }>
}

/**
 * Publishes occurrences, and resolves when the broker has confirmed each of them.
 *
 * An answer that is known is no doubt: for a message that found no queue the queue is declared, once, and a queue of
 * others that is not there or takes nothing is only waited for (BROKER_UNAVAILABLE). Whatever else is not confirmed
 * destroys the session.
 */
export async function publishOccurrences(
  parts: EmissionParts,
  messages: readonly TaskMessage[],
): Promise<void> {
  const failed = await publishAll(parts, messages)
  const unrouted = failed.filter(({ outcome }) => outcome.kind === 'unroutable').map(({ message }) => message)
  const queues = new Set(unrouted.map(({ queue }) => queue))
  for (const queue of queues) await parts.declare(parts.session, queue)
  const again = unrouted.length > 0 ? await publishAll(parts, unrouted) : []
  judge(parts, [...failed.filter(({ outcome }) => outcome.kind !== 'unroutable'), ...again])
}

async function publishAll(parts: EmissionParts, messages: readonly TaskMessage[]): Promise<Failed[]> {
  const failed: Failed[] = []
  for (let from = 0; from < messages.length; from += mostInFlight) {
    const portion = messages.slice(from, from + mostInFlight)
    const letters = portion.map((message) => encode(parts, message)) // all of them, before one is on its way
    parts.permit()
    const outcomes = await Promise.all(letters.map((letter) => parts.publishing.publish(letter)))
    for (const [index, outcome] of outcomes.entries()) {
      const message = portion[index]
      if (message && outcome.kind !== 'confirmed') failed.push({ message, outcome })
    }
  }
  return failed
}

function encode({ plan, clock }: EmissionParts, message: TaskMessage): Outgoing {
  const now = clock.now()
  const isForeign = plan.typeOf(message.queue) === 'existing'
  return {
    ...encodeTask(message, isForeign ? { etaSaysNothingThrough: now } : {}),
    ...destinationOf(message, now, plan),
  }
}

function judge({ plan, session }: EmissionParts, failed: readonly Failed[]): void {
  const [first] = failed
  if (!first) return
  const doubtful = failed.find(
    ({ message, outcome }) => outcome.kind === 'unknown' || plan.typeOf(message.queue) !== 'existing',
  )
  const { message, outcome } = doubtful ?? first
  const reason = 'reason' in outcome ? `: ${outcome.reason}` : ''
  const what = `an occurrence for queue ${message.queue} was not taken (${outcome.kind}${reason})`
  if (doubtful) session.destroy(new Error(what))
  throw new TaskbeatError('BROKER_UNAVAILABLE', what)
}
