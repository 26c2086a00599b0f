import type { Clock } from '../core/clock.ts'
import { TaskbeatError } from '../core/errors.ts'
import type { TaskMessage } from '../task/task-message.ts'
import type { Parking } from './amqp-term-parking.ts'
import { encodeTask } from './codec.ts'
import { destinationOf, type RoutePlan } from './route.ts'
import type { Channel, Outgoing, PublishOutcome, Session } from './session.ts'

export interface EmissionParts {
  readonly session: Session
  readonly publishing: Pick<Channel, 'publish'>
  readonly plan: RoutePlan
  readonly clock: Clock
  /** Makes what belongs to a queue, where it is ours to make. */
  readonly declare: (session: Session, queue: string) => Promise<void>
  /** Queues beside which everything is there. */
  readonly declared: Set<string>
  /** Asked before each portion; throws when nothing may be published. */
  readonly permit: () => void
  /** Where waits what queues do not take. */
  readonly parking: Pick<Parking, 'park' | 'took'>
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
 * What goes up the ladder is confirmed there, and finds no way back unless its queue is declared: so it is, before.
 * An answer that is known is no doubt. For a message that found no queue the queue is declared, once; and what a queue
 * does not take, because it is full, or of others and not there, is parked, so that nothing else waits for it. Whatever
 * else is not confirmed destroys the session.
 */
export async function publishOccurrences(
  parts: EmissionParts,
  messages: readonly TaskMessage[],
): Promise<void> {
  const { true: homeless = [], false: others = [] } = Object.groupBy(
    await publishAll(parts, messages),
    (each) => `${isHomeless(each, parts.plan)}` as const,
  )
  const unrouted = homeless.map(({ message }) => message)
  for (const queue of new Set(unrouted.map(({ queue }) => queue))) await parts.declare(parts.session, queue)
  const again = unrouted.length > 0 ? await publishAll(parts, unrouted) : []
  const { true: stranded = [], false: doubtful = [] } = Object.groupBy(
    [...others, ...again],
    (each) => `${isStranded(each, parts.plan)}` as const,
  )
  judge(parts, doubtful)
  if (stranded.length > 0) await parts.parking.park(stranded)
}

/** Its queue is ours to make. */
function isHomeless({ message, outcome }: Failed, plan: RoutePlan): boolean {
  return outcome.kind === 'unroutable' && plan.typeOf(message.queue) !== 'existing'
}

function isStranded(failed: Failed, plan: RoutePlan): boolean {
  const { kind } = failed.outcome
  return kind === 'refused' || (kind === 'unroutable' && !isHomeless(failed, plan))
}

async function publishAll(parts: EmissionParts, messages: readonly TaskMessage[]): Promise<Failed[]> {
  const failed: Failed[] = []
  for (let from = 0; from < messages.length; from += mostInFlight) {
    const portion = messages.slice(from, from + mostInFlight)
    // All of them, before one is on its way.
    const letters = portion.map((message) => ({ message, outgoing: encode(parts, message) }))
    for (const { message, outgoing } of letters)
      if (outgoing.exchange !== '') await declareOnce(parts, message.queue)
    parts.permit()
    const publish = async ({ message, outgoing }: (typeof letters)[number]) => ({
      message,
      outcome: await parts.publishing.publish(outgoing),
    })
    for (const { message, outcome } of await Promise.all(letters.map(publish)))
      if (outcome.kind === 'confirmed') parts.parking.took(message.queue)
      else failed.push({ message, outcome })
  }
  return failed
}

async function declareOnce({ session, declare, declared }: EmissionParts, queue: string): Promise<void> {
  if (declared.has(queue)) return
  await declare(session, queue)
  declared.add(queue)
}

export function encode(
  { plan, clock }: Pick<EmissionParts, 'plan' | 'clock'>,
  message: TaskMessage,
): Outgoing {
  const now = clock.now()
  const isForeign = plan.typeOf(message.queue) === 'existing'
  return {
    ...encodeTask(message, isForeign ? { etaSaysNothingThrough: now } : {}),
    ...destinationOf(message, now, plan),
  }
}

function judge({ session }: EmissionParts, [first]: readonly Failed[]): void {
  if (!first) return
  const { message, outcome } = first
  const reason = 'reason' in outcome ? `: ${outcome.reason}` : ''
  const what = `an occurrence for queue ${message.queue} was not taken (${outcome.kind}${reason})`
  session.destroy(new Error(what))
  throw new TaskbeatError('BROKER_UNAVAILABLE', what)
}
