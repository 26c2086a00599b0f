import { TaskbeatError } from '../core/errors.ts'
import { declareTopology } from './declare.ts'
import type { Session } from './session.ts'
import { planTopology, type QueueType, type TopologyRequest } from './topology.ts'

/** Declares what belongs to queues, once in each session. */
export class Declarations {
  readonly #typeOf: (queue: string) => QueueType
  readonly #done = new WeakMap<Session, Map<string, Promise<readonly string[]>>>()

  constructor(typeOf: (queue: string) => QueueType) {
    this.#typeOf = typeOf
  }

  /**
   * What belongs to these queues, and to a worker or a group beside them. Resolves with the queues of others that do not
   * exist yet. Rejects with BROKER_UNAVAILABLE, which names what stands in the way.
   */
  async declare(
    session: Session,
    queues: readonly string[],
    beside: Pick<TopologyRequest, 'group' | 'instance'> = {},
  ): Promise<readonly string[]> {
    const done = this.#done.get(session) ?? new Map<string, Promise<readonly string[]>>()
    this.#done.set(session, done)
    const key = JSON.stringify([queues, beside])
    const declared = done.get(key) ?? this.#declare(session, queues, beside)
    done.set(key, declared)
    const forget = (): boolean => done.delete(key)
    declared.then((missing) => missing.length > 0 && forget(), forget)
    return declared
  }

  /** What belongs to this queue, for whoever publishes to it and found none. */
  async forPublishing(session: Session, queue: string): Promise<void> {
    const key = JSON.stringify([[queue], {}])
    this.#done.get(session)?.delete(key) // what was there once has been deleted since
    const missing = await this.declare(session, [queue])
    if (missing.length > 0)
      throw unavailable(`queue ${queue} is declared by others (type: existing), and nobody has yet`)
  }

  async #declare(
    session: Session,
    queues: readonly string[],
    beside: Pick<TopologyRequest, 'group' | 'instance'>,
  ): Promise<readonly string[]> {
    const plans = queues.map((name) => ({ name, type: this.#typeOf(name) }))
    const { problems, missing } = await declareTopology(session, planTopology({ queues: plans, ...beside }))
    if (problems.length > 0) throw unavailable(problems.join('\n'))
    return missing
  }
}

function unavailable(message: string): TaskbeatError {
  return new TaskbeatError('BROKER_UNAVAILABLE', message)
}
