import type { Milliseconds } from '../core/instant.ts'
import type { ExchangeDeclaration, QueueDeclaration } from './session.ts'

/**
 * The delay ladder: how a message waits for longer than a worker would hold it.
 *
 *     publish to taskbeat.delay.3600s.v1        an hour later
 *     with the destination as routing key  ──▶  [ queue, TTL 3600 s ]  ──▶  the destination queue
 *
 * A quorum queue checks the TTL of its head only, so each step has one TTL for all and a queue of its own: the first in
 * is the first out. The steps are shared by all queues: the routing key that a message was published with is kept when
 * it is dead-lettered to taskbeat.due.v1, to which each destination is bound by its name. A destination that is gone must
 * not hold up the others (a quorum queue stops after 32 letters that nobody takes), so what no queue takes goes to
 * taskbeat.stray.v1, for a person to find. A longer delay takes several hops: whoever gets the message too early sends it
 * through the next step. The ETA in the message is the truth and the
 * broker's delay a hint, for it is counted on the broker's clock.
 *
 * Whoever sends a message through the ladder again strips its `x-death` headers: with them RabbitMQ up to 3.13 takes
 * the second trip for a circle and drops it. No message in it has an expiration of its own, which would end a hop early.
 */
export interface LadderStep {
  readonly seconds: number
  /** Of the exchange and of the queue. */
  readonly name: string
}

/** Each divides the next, so that the largest that fits, again and again, takes the fewest hops. The last is near the largest TTL, 2^32 - 1 ms. */
const stepSeconds = [
  10, 30, 60, 300, 900, 3_600, 14_400, 43_200, 86_400, 345_600, 1_382_400, 4_147_200,
] as const

export const ladderSteps: readonly LadderStep[] = stepSeconds.map((seconds) => ({
  seconds,
  name: `taskbeat.delay.${seconds}s.v1`,
}))

const fromLongest = ladderSteps.toReversed()

/** The longest step that is not longer than what remains; undefined when even the shortest would be late. */
export function ladderStep(remaining: Milliseconds): LadderStep | undefined {
  return fromLongest.find(({ seconds }) => seconds * 1_000 <= remaining)
}

/** What has waited long enough comes out here; destinations are bound to it by their names. */
export const dueExchange = 'taskbeat.due.v1'
/** Of an exchange and of a queue: what came out and found no destination. */
const stray = 'taskbeat.stray.v1'

export const ladderExchanges: readonly ExchangeDeclaration[] = [
  { name: stray, type: 'fanout', durable: true },
  { name: dueExchange, type: 'direct', durable: true, alternate: stray },
  ...ladderSteps.map(({ name }) => ({ name, type: 'fanout' as const, durable: true })),
]

export const ladderQueues: readonly QueueDeclaration[] = [
  {
    name: stray,
    durable: true,
    arguments: { 'x-queue-type': 'quorum', 'x-max-length': 10_000, 'x-overflow': 'drop-head' },
  },
  ...ladderSteps.map(({ name, seconds }) => ({
    name,
    durable: true,
    arguments: {
      'x-queue-type': 'quorum',
      'x-message-ttl': seconds * 1_000,
      'x-dead-letter-exchange': dueExchange,
      'x-dead-letter-strategy': 'at-least-once',
      'x-overflow': 'reject-publish',
    },
  })),
]

export const ladderBindings: readonly Binding[] = [stray, ...ladderSteps.map(({ name }) => name)].map(
  (name) => ({
    queue: name,
    exchange: name,
    routingKey: '',
  }),
)

export interface Binding {
  readonly queue: string
  readonly exchange: string
  readonly routingKey: string
}
