import type { Clock } from '../core/clock.ts'
import { milliseconds } from '../core/instant.ts'
import type { Untold } from '../journal/journal.ts'
import type { Outcome } from '../task/outcome.ts'
import { type FailureDesk, tellableOutcome, tellableRecord } from './failure-desk.ts'
import type { JournalGate } from './journal-gate.ts'
import type { ProcessGuard } from './process-guard.ts'
import type { TaskLookup } from './task-lookup.ts'
import type { EmitWorkerEvent } from './worker-event.ts'

export interface LossesParts {
  readonly clock: Clock
  readonly journal: JournalGate
  readonly guard: ProcessGuard
  readonly failures: FailureDesk
  readonly lookup: TaskLookup
  readonly emit: EmitWorkerEvent
  readonly stopping: AbortSignal
  readonly giveUp: AbortSignal
}

/** How often somebody looks for what dead workers have left. */
const lookEvery = milliseconds(5_000)

/**
 * Reports what was to run at most once and went with its worker. Its message is gone, so nothing reminds of it but the
 * journal: whoever works on this host next ends it there as interrupted, says so, and sends word of it. Also word of
 * failures, at most once or not, that a worker recorded and died before it could tell, and of those that this one could
 * not tell at once.
 */
export class Losses {
  readonly #parts: LossesParts

  constructor(parts: LossesParts) {
    this.#parts = parts
  }

  /** Until the worker stops. */
  async watch(): Promise<void> {
    const { clock, lookup, stopping } = this.#parts
    await Promise.race([lookup.learned, whenAborted(stopping)]) // who wants word of it is known then
    while (!stopping.aborted) {
      await this.#look()
      await clock.sleep(lookEvery, stopping)
    }
  }

  async #look(): Promise<void> {
    const { journal, failures, stopping } = this.#parts
    /** The queues that took nothing on this look. */
    const away = new Set<string | undefined>()
    for (const untold of journal.untold()) await this.#report(untold, away)
    for (const message of failures.left) {
      if (stopping.aborted) return
      if (away.has(failures.queueOf(message))) continue
      const record = journal.recorded(message.id, message.attempt)
      if (record) await this.#report({ message, record }, away)
      else failures.forget(message)
    }
  }

  async #report({ message, record }: Untold, away: Set<string | undefined>): Promise<void> {
    const { failures, journal } = this.#parts
    const end = tellableRecord(record) ?? (await this.#end({ message, record }))
    const queue = failures.queueOf(message)
    if (!end || away.has(queue)) return
    if (!(await failures.tryToTell(message, end))) return void away.add(queue)
    failures.forget(message)
    await journal.told(message.id, message.attempt)
  }

  /** Undefined when another worker has been faster, or it cannot be written. */
  async #end({ message, record }: Untold): Promise<ReturnType<typeof tellableOutcome>> {
    const { clock, emit, giveUp, guard, journal } = this.#parts
    await guard.sweep(message.id)
    const claim = await journal.claim({ message, now: clock.now(), takeOver: true, once: true })
    if (claim.kind !== 'granted') return undefined
    const verdict = { kind: 'ack' } as const
    const { started } = record
    const ending = { message, outcome: lost, verdict, started, finished: clock.now(), untold: true }
    if (!(await journal.record(ending, giveUp))) return undefined
    emit({ kind: 'runEnded', message, outcome: lost, verdict, ran: undefined })
    return tellableOutcome(lost, verdict)
  }
}

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

const lost: Outcome = { kind: 'interrupted', reason: 'its worker died, and it runs at most once' }
