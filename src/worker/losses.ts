import type { Clock } from '../core/clock.ts'
import { milliseconds } from '../core/instant.ts'
import { untilAborted } from '../core/until-aborted.ts'
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
 * Tells late of every failure that could not be told at once. The journal has each, and keeps it until it is told:
 *
 * - What a worker recorded and could not tell, because the queue of the word is not there or is full, it tells itself.
 * - What a worker recorded and died before it could tell, whoever works on this host next tells.
 * - What was to run at most once and went with its worker has no message any more that reminds of it: whoever works on
 *   this host next ends it in the journal as interrupted, says so, and tells of it.
 *
 * A queue that takes no word is not asked again on the same look, and holds up no word for another.
 * The journal gives up what waits for too long, see its pruner; this worker may send it still, as long as it has the row.
 */
export class Losses {
  readonly #parts: LossesParts

  constructor(parts: LossesParts) {
    this.#parts = parts
  }

  /** Until the worker stops. */
  async watch(): Promise<void> {
    const { clock, lookup, stopping } = this.#parts
    await Promise.race([lookup.learned, untilAborted(stopping)]) // who wants word of it is known then
    while (!stopping.aborted) {
      await this.#look()
      await clock.sleep(lookEvery, stopping)
    }
  }

  async #look(): Promise<void> {
    const { journal, failures, stopping } = this.#parts
    /** The queues that took nothing on this look. */
    const away = new Set<string | undefined>()
    const isHeldUp = (task: string): boolean => away.has(failures.queueOf(task))
    for (const untold of journal.untold(isHeldUp)) {
      if (stopping.aborted) return
      await this.#report(untold, away)
    }
    for (const message of failures.left) {
      if (stopping.aborted) return
      if (isHeldUp(message.task)) continue
      const record = journal.recorded(message.id, message.attempt)
      if (record === undefined) failures.forget(message)
      else if (record !== 'unreadable') await this.#report({ message, record }, away)
    }
  }

  async #report({ message, record }: Untold, away: Set<string | undefined>): Promise<void> {
    const { failures, journal } = this.#parts
    const recorded = tellableRecord(record)
    const end = recorded ?? (await this.#end({ message, record }))
    if (!end) return
    if (!recorded) failures.leave(message) // ended by this worker, it is this one's to tell
    const queue = failures.queueOf(message.task)
    if (away.has(queue)) return
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

const lost: Outcome = { kind: 'interrupted', reason: 'its worker died, and it runs at most once' }
