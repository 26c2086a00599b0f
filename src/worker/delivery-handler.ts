import type { Delivery } from '../broker/delivery.ts'
import type { Random } from '../core/backoff.ts'
import type { Clock } from '../core/clock.ts'
import { describeError } from '../core/errors.ts'
import { between, milliseconds } from '../core/instant.ts'
import { judge } from '../task/judge.ts'
import type { Outcome } from '../task/outcome.ts'
import type { TaskMessage } from '../task/task-message.ts'
import type { Verdict } from '../task/verdict.ts'
import type { Admission, AdmissionDesk } from './admission.ts'
import type { Execution, Executor, Executors } from './executor.ts'
import type { JournalGate } from './journal-gate.ts'
import { persist } from './persist.ts'
import type { RegisteredTask } from './registry.ts'
import type { EmitWorkerEvent, Ran } from './worker-event.ts'

/** How a worker's stop reaches its runs, one after the other. The reasons are text. */
export interface StopSignals {
  /** Nothing starts any more. */
  readonly stopping: AbortSignal
  /** What runs shall end. */
  readonly interrupt: AbortSignal
  /** What runs is killed, and what cannot be written down is left. */
  readonly kill: AbortSignal
}

export interface DeliveryHandlerParts {
  readonly clock: Clock
  readonly random: Random
  readonly emit: EmitWorkerEvent
  readonly desk: AdmissionDesk
  readonly journal: JournalGate
  readonly executors: Executors
  readonly signals: StopSignals
}

interface Ended {
  readonly outcome: Outcome
  readonly verdict: Verdict
  readonly ran?: Ran
  /** Its task wants nothing written down. */
  readonly unwritten?: boolean
}

type Admitted = Extract<Admission, { kind: 'start' }>

/** Takes one delivery its whole way, see worker.ts. */
export class DeliveryHandler {
  readonly #parts: DeliveryHandlerParts
  readonly #running = new Set<TaskMessage>()

  constructor(parts: DeliveryHandlerParts) {
    this.#parts = parts
  }

  /** What executes at this moment. */
  get running(): readonly TaskMessage[] {
    return [...this.#running]
  }

  /** Never rejects. */
  async handle(delivery: Delivery): Promise<void> {
    const { desk, emit, signals } = this.#parts
    const { message } = delivery
    try {
      if (signals.stopping.aborted) return await this.#settle(delivery, { kind: 'release' })
      const admission = await desk.admit(delivery)
      if (admission.kind === 'turnAway') return await this.#settle(delivery, admission.verdict)
      const ended = admission.kind === 'end' ? admission : await this.#run(message, admission)
      if (await this.#record(message, ended)) await this.#settle(delivery, ended.verdict)
    } catch (error) {
      emit({ kind: 'runLeftUnsettled', message, error }) // a mistake of ours; the others go on
    }
  }

  async #run(message: TaskMessage, { task, leave }: Admitted): Promise<Ended> {
    const { clock, random } = this.#parts
    const { outcome, ran } = await this.#execute(message, task).finally(leave)
    const verdict = judge(outcome, message, task.definition.retry, { now: clock.now(), random })
    return { outcome, verdict, ran, unwritten: task.definition.journal === false }
  }

  async #execute(message: TaskMessage, task: RegisteredTask): Promise<{ outcome: Outcome; ran: Ran }> {
    const { clock, emit, executors, signals } = this.#parts
    const executor = task.definition.action.kind === 'module' ? executors.inline : executors.command
    const started = clock.now()
    const begin = clock.monotonic()
    const lateness = between(message.eta, started)
    this.#running.add(message)
    emit({ kind: 'runStarted', message, lateness })
    const { interrupt, kill } = signals
    const outcome = await attempt(executor, { task, message, interrupt, kill, emit })
    this.#running.delete(message)
    return { outcome, ran: { started, lateness, duration: milliseconds(clock.monotonic() - begin) } }
  }

  async #record(message: TaskMessage, { outcome, verdict, ran, unwritten }: Ended): Promise<boolean> {
    const { clock, journal, emit, signals } = this.#parts
    const ending = { message, outcome, verdict, started: ran?.started, finished: clock.now() }
    const recorded = unwritten || (await journal.record(ending, signals.kill))
    if (recorded) emit({ kind: 'runEnded', message, outcome, verdict, ran })
    else emit({ kind: 'runLeftUnsettled', message, error: undefined })
    return recorded
  }

  async #settle(delivery: Delivery, verdict: Verdict): Promise<void> {
    const { clock, emit, signals } = this.#parts
    const { message } = delivery
    const settled = await persist(async () => delivery.settle(verdict), {
      clock,
      giveUp: signals.kill,
      onFailure: (error, failures) => {
        if (failures === 1) emit({ kind: 'settleFailed', message, verdict, error })
      },
    })
    if (!settled) emit({ kind: 'runLeftUnsettled', message, error: undefined })
  }
}

/** An executor that rejects has broken its promise; the attempt has failed all the same. */
async function attempt(executor: Executor, execution: Execution): Promise<Outcome> {
  try {
    return await executor.run(execution)
  } catch (error) {
    return { kind: 'failed', reason: `it could not be executed: ${describeError(error)}` }
  }
}
