import type { Acknowledged, Delivery, Listener } from '../broker/delivery.ts'
import type { Random } from '../core/backoff.ts'
import type { Clock } from '../core/clock.ts'
import { describeError } from '../core/errors.ts'
import { between, milliseconds, plus } from '../core/instant.ts'
import { failureOutcome } from '../task/failure-notice.ts'
import { judge, outcomeAfter } from '../task/judge.ts'
import type { Outcome } from '../task/outcome.ts'
import { defaultResultTtlMs, type KeptResult, resultOf } from '../task/run-result.ts'
import { retryPolicyOf } from '../task/task-definition.ts'
import type { TaskMessage } from '../task/task-message.ts'
import type { Verdict } from '../task/verdict.ts'
import type { Admission, AdmissionDesk } from './admission.ts'
import { type Execution, type Executor, type Executors, executorOf } from './executor.ts'
import { type FailureDesk, type TellableEnd, tellableOutcome, tellableRecord } from './failure-desk.ts'
import { follow } from './followed.ts'
import type { JournalGate } from './journal-gate.ts'
import { persist } from './persist.ts'
import type { RegisteredTask } from './registry.ts'
import type { RunningRuns, RunUnderWay } from './running-runs.ts'
import type { EmitWorkerEvent, Ran } from './worker-event.ts'

/** How a worker's stop reaches its runs, one after the other. The reasons are text. */
export interface StopSignals {
  /** Nothing starts any more. */
  readonly stopping: AbortSignal
  /**
   * What runs shall end; what cannot be written down, or the broker does not take, is tried once more and left: it
   * comes again.
   */
  readonly interrupt: AbortSignal
  /** What runs is killed. */
  readonly kill: AbortSignal
}

export interface DeliveryHandlerParts {
  readonly clock: Clock
  readonly random: Random
  readonly emit: EmitWorkerEvent
  readonly desk: AdmissionDesk
  readonly journal: JournalGate
  readonly runs: RunningRuns
  readonly executors: Executors
  readonly failures: FailureDesk
  readonly signals: StopSignals
}

interface Ended {
  readonly outcome: Outcome
  readonly verdict: Verdict
  readonly ran?: Ran
  /** Its task wants nothing written down, but for failures that somebody is told of: the journal reminds of these. */
  readonly unwritten?: boolean
  /** Undefined when its task was not found. */
  readonly task?: RegisteredTask
}

type Admitted = Extract<Admission, { kind: 'start' }>
type EndedBefore = Extract<Admission, { kind: 'ended' }>

/** Takes one delivery its whole way, see worker.ts. */
export class DeliveryHandler {
  readonly #parts: DeliveryHandlerParts

  constructor(parts: DeliveryHandlerParts) {
    this.#parts = parts
  }

  /** Never rejects. */
  async handle(delivery: Delivery): Promise<void> {
    const { desk, emit, signals, runs } = this.#parts
    const { message } = delivery
    const run = runs.enter(message)
    try {
      if (signals.stopping.aborted) return await this.#settle(delivery, { kind: 'release' })
      const admission = await desk.admit(delivery)
      if (admission.kind === 'turnAway') return await this.#settle(delivery, admission.verdict)
      if (admission.kind === 'ended') return await this.#settleAgain(delivery, admission)
      const ended: Ended = admission.kind === 'end' ? admission : await this.#run(delivery, run, admission)
      const result = this.#resultOf(message, ended)
      if (!(await this.#record(message, ended, result))) return
      const { outcome, verdict } = ended
      await this.#conclude(delivery, tellableOutcome(outcome, verdict), verdict, result)
    } catch (error) {
      emit({ kind: 'runLeftUnsettled', message, error }) // a mistake of ours; the others go on
    } finally {
      runs.leave(message)
    }
  }

  /** It ended before; whoever was to be told of that may not have been. */
  async #settleAgain(delivery: Delivery, { verdict, result }: EndedBefore): Promise<void> {
    const { failures, journal } = this.#parts
    const { message } = delivery
    const record = failures.concerns(message) ? journal.recorded(message.id, message.attempt) : undefined
    if (record === 'unreadable') failures.leave(message)
    const end = record === undefined || record === 'unreadable' ? undefined : tellableRecord(record)
    await this.#conclude(delivery, end, verdict, result)
  }

  /** It is recorded: who wants word of a failure is told, or will be, then the broker. */
  async #conclude(
    delivery: Delivery,
    end: TellableEnd | undefined,
    verdict: Verdict,
    result: KeptResult | undefined,
  ): Promise<void> {
    const { failures, journal } = this.#parts
    const { message } = delivery
    const isToBeTold = end !== undefined && failures.concerns(message)
    const told = isToBeTold && (await failures.tryToTell(message, end))
    if (isToBeTold && !told) failures.leave(message)
    await this.#settle(delivery, verdict, result)
    if (told) await journal.told(message.id, message.attempt)
  }

  /** Whether word of it is to be sent; until it is, the journal reminds of that. */
  #isUntold(message: TaskMessage, { outcome, verdict }: Ended): boolean {
    return failureOutcome(outcome.kind, verdict.kind) !== undefined && this.#parts.failures.concerns(message)
  }

  async #run(delivery: Delivery, run: RunUnderWay, { task, leave }: Admitted): Promise<Ended> {
    const { clock, random } = this.#parts
    const atMostOnce = task.definition.delivery === 'at_most_once'
    const stays = atMostOnce ? await this.#letGo(delivery) : undefined
    if (stays) {
      leave()
      return { ...stays, task }
    }
    const unwritten = task.definition.journal === false
    const policy = retryPolicyOf(task.definition)
    try {
      const { outcome, ran } = await this.#execute(run, task, delivery.listener)
      const verdict = judge(outcome, run.message, policy, { now: clock.now(), random })
      return { outcome: outcomeAfter(outcome, verdict), verdict, task, unwritten, ...(ran ? { ran } : {}) }
    } finally {
      leave()
    }
  }

  /** What must not run twice is gone from the broker before it starts; otherwise this says how it ends instead. */
  async #letGo(delivery: Delivery): Promise<Ended | undefined> {
    const { clock, signals } = this.#parts
    let answer: Acknowledged = 'kept'
    const acknowledge = async (): Promise<void> => {
      answer = await delivery.acknowledge()
    }
    await persist(acknowledge, {
      clock,
      giveUp: signals.interrupt,
      onFailure: this.#tellOfFailure(delivery.message),
    })
    switch (answer as Acknowledged) {
      case 'gone':
        return undefined
      case 'kept':
        return { outcome: notStarted, verdict: { kind: 'release' } }
      case 'unknown':
        return { outcome: mayBeLost, verdict: { kind: 'ack' } }
    }
  }

  /** The first of a row is told. */
  #tellOfFailure(message: TaskMessage, verdict: Verdict = { kind: 'ack' }) {
    return (error: unknown, failures: number): void => {
      if (failures === 1) this.#parts.emit({ kind: 'settleFailed', message, verdict, error })
    }
  }

  async #execute(
    run: RunUnderWay,
    task: RegisteredTask,
    listener: Listener | undefined,
  ): Promise<{ outcome: Outcome; ran?: Ran }> {
    const { clock, emit, executors, runs, signals } = this.#parts
    const { message, interrupt } = run
    if (run.cancelled !== undefined) return { outcome: { kind: 'revoked', reason: run.cancelled } }
    const executor = executorOf(task.definition, executors)
    const started = clock.now()
    const begin = clock.monotonic()
    const lateness = between(message.eta, started)
    emit({ kind: 'runStarted', message, lateness })
    runs.begin(message)
    const followed = listener && follow(message, emit, listener, clock)
    const execution = { task, message, interrupt, kill: signals.kill, emit: followed?.emit ?? emit }
    const ended = await attempt(executor, execution)
    followed?.end()
    runs.end(message)
    const wasCancelled = ended.kind === 'interrupted' && run.cancelled !== undefined
    const outcome = wasCancelled ? { ...ended, cancelled: true as const } : ended
    return { outcome, ran: { started, lateness, duration: milliseconds(clock.monotonic() - begin) } }
  }

  /** What no term has emitted somebody has sent, or triggered, and may wait for. */
  #resultOf({ occurrence }: TaskMessage, { outcome, verdict, task }: Ended): KeptResult | undefined {
    const ttl = task?.definition.resultTtl ?? milliseconds(defaultResultTtlMs)
    const isEmitted = occurrence !== undefined && occurrence.stamp.epoch > 0
    const result = isEmitted || ttl === 0 ? undefined : resultOf(outcome, verdict)
    return result && { result, forgetAt: plus(this.#parts.clock.now(), ttl) }
  }

  async #record(message: TaskMessage, ended: Ended, result?: KeptResult): Promise<boolean> {
    const { outcome, verdict, ran, unwritten } = ended
    const { clock, journal, emit, signals } = this.#parts
    const untold = this.#isUntold(message, ended)
    const ending = {
      message,
      outcome,
      verdict,
      started: ran?.started,
      finished: clock.now(),
      ...(result ? { result } : {}),
      ...(untold ? { untold } : {}),
    }
    const recorded = (unwritten && !untold) || (await journal.record(ending, signals.interrupt))
    if (recorded) emit({ kind: 'runEnded', message, outcome, verdict, ran })
    else emit({ kind: 'runLeftUnsettled', message, error: undefined })
    return recorded
  }

  async #settle(delivery: Delivery, verdict: Verdict, result?: KeptResult): Promise<void> {
    const { clock, emit, signals } = this.#parts
    const { message } = delivery
    const settled = await persist(() => delivery.settle(verdict, result), {
      clock,
      giveUp: signals.interrupt,
      onFailure: this.#tellOfFailure(message, verdict),
    })
    if (!settled) emit({ kind: 'runLeftUnsettled', message, error: undefined })
  }
}

/** It waits in the broker as before. */
const notStarted: Outcome = { kind: 'interrupted', reason: 'it was given back before it could start' }

/** It may come again, to another host; here it does not run, for it may also be gone. */
const mayBeLost: Outcome = {
  kind: 'interrupted',
  reason: 'it runs at most once, and the connection was lost before the broker had let go of it',
}

/** An executor that rejects has broken its promise; the attempt has failed all the same. */
async function attempt(executor: Executor, execution: Execution): Promise<Outcome> {
  try {
    return await executor.run(execution)
  } catch (error) {
    return { kind: 'failed', reason: `it could not be executed: ${describeError(error)}` }
  }
}
