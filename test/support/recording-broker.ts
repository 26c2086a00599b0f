import type { Broker } from '../../src/broker/broker.ts'
import type { BrokerStatus } from '../../src/broker/broker-status.ts'
import type { Candidate, Emission, Term } from '../../src/broker/term.ts'
import type { Cursor } from '../../src/core/cursor.ts'
import { TaskbeatError, TermLostError } from '../../src/core/errors.ts'

/** The part of a broker that leads, over a real one: remembers what was emitted, and fails when it is told to. */
export class RecordingBroker implements Pick<Broker, 'lead' | 'status'> {
  readonly #broker: Pick<Broker, 'lead' | 'status'>
  /** Committed emissions, in order. */
  readonly emissions: Emission[] = []
  readonly restarts: Cursor[] = []
  /** How many emissions shall fail from now on. */
  failures = 0
  /** How many attempts to lead shall fail from now on. */
  leadFailures = 0
  /** Runs before each emission, whatever becomes of it. */
  beforeEmit: () => void | Promise<void> = () => {}
  /** Who asked to lead last. */
  candidate: Candidate | undefined
  #lose: () => void = () => {}

  constructor(broker: Pick<Broker, 'lead' | 'status'>) {
    this.#broker = broker
  }

  async lead(candidate: Candidate, signal: AbortSignal): Promise<Term> {
    if (this.leadFailures > 0) {
      this.leadFailures--
      throw new TaskbeatError('BROKER_UNAVAILABLE', 'nobody answers')
    }
    this.candidate = candidate
    const term = await this.#broker.lead(candidate, signal)
    const lost = new AbortController()
    this.#lose = () => lost.abort()
    return this.#record(term, lost.signal)
  }

  status(): Promise<BrokerStatus> {
    return this.#broker.status()
  }

  /** As when the connection breaks: the term is over, and what is emitted in it rejects. */
  loseTerm(): void {
    this.#lose()
  }

  #record(term: Term, cut: AbortSignal): Term {
    const record = this
    const lost = AbortSignal.any([term.lost, cut])
    cut.addEventListener('abort', () => void term.resign())
    return {
      get epoch() {
        return term.epoch
      },
      get cursor() {
        return term.cursor
      },
      get stamp() {
        return term.stamp
      },
      namespace: term.namespace,
      predecessor: term.predecessor,
      lost,
      async emit(emission) {
        await record.beforeEmit()
        if (lost.aborted) throw new TermLostError('the connection is gone')
        if (record.failures > 0) {
          record.failures--
          throw new TaskbeatError('BROKER_UNAVAILABLE', 'no space left')
        }
        await term.emit(emission)
        record.emissions.push(emission)
      },
      async restart(cursor) {
        await term.restart(cursor)
        record.restarts.push(cursor)
      },
      adopt: (schedule) => term.adopt(schedule),
      resign: () => term.resign(),
    }
  }
}
