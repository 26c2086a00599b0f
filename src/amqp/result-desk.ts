import type { Veto } from '../broker/delivery.ts'
import type { Results } from '../broker/results.ts'
import type { Clock } from '../core/clock.ts'
import type { AmqpConsumer } from './amqp-consumer.ts'
import { AmqpResults, type AmqpResultsParts } from './amqp-results.ts'
import { CancelledRuns } from './cancelled-runs.ts'
import type { ControlMethod } from './control-listener.ts'
import type { Link } from './link.ts'
import { Replier } from './replier.ts'
import { RunControl } from './run-control.ts'
import type { Session } from './session.ts'

export interface ResultDeskParts {
  readonly link: Link
  readonly clock: Clock
  /** The queues of work of this installation. */
  readonly queues: readonly string[]
  readonly publish: AmqpResultsParts['publish']
  readonly unlessBlocked: AmqpResultsParts['unlessBlocked']
  readonly consumers: () => readonly AmqpConsumer[]
  readonly closing: AbortSignal
}

/** Both ends of results in one process: what it asks as a sender, and what it answers as a worker. */
export class ResultDesk {
  readonly results: Results
  readonly replier: Replier
  readonly #runs: RunControl
  readonly #cancelled: CancelledRuns

  constructor({ link, clock, queues, publish, unlessBlocked, consumers, closing }: ResultDeskParts) {
    this.results = new AmqpResults({ link, clock, publish, unlessBlocked, closing })
    const isQueueOfWork = (queue: string): boolean =>
      queues.some((name) => queue === name || queue.startsWith(`${name}.`))
    this.replier = new Replier({ link, clock, isQueueOfWork, closing })
    this.#runs = new RunControl({
      clock,
      replier: this.replier,
      desks: () => consumers().flatMap(({ intake }) => intake.runs ?? []),
      drop: (id) =>
        consumers()
          .map((consumer) => consumer.drop(id))
          .includes(true),
      holds: (id) => consumers().some((consumer) => consumer.holds(id)),
    })
    this.#cancelled = new CancelledRuns({
      link,
      clock,
      take: (id, until) => this.#runs.keepFromStarting(id, until),
    })
  }

  /** What has to be heard over the control exchange. */
  get methods(): Readonly<Record<string, ControlMethod>> {
    return this.#runs.methods
  }

  /** Resolves once all is known that was cancelled before; what is later is heard while the session lives. */
  informed(session: Session): Promise<void> {
    return this.#cancelled.follow(session)
  }

  vetoOf(id: string): Veto | undefined {
    if (!this.#runs.isCancelled(id)) return undefined
    return { kind: 'revoked', reason: 'it was cancelled before it had started' }
  }
}
