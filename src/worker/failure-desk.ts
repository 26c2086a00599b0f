import type { Broker } from '../broker/broker.ts'
import type { Clock } from '../core/clock.ts'
import { TaskbeatError } from '../core/errors.ts'
import type { AttemptRecord } from '../journal/run.ts'
import {
  type Failure,
  type FailureTarget,
  failureNotice,
  failureOutcome,
  isFailureNotice,
} from '../task/failure-notice.ts'
import { type Outcome, reasonOf } from '../task/outcome.ts'
import { defaultQueue, type TaskMessage } from '../task/task-message.ts'
import type { Verdict } from '../task/verdict.ts'
import type { TaskLookup } from './task-lookup.ts'
import type { EmitWorkerEvent } from './worker-event.ts'

/** How a run ended, as far as a notice tells of it. */
export type TellableEnd = Pick<Failure, 'output'> & {
  readonly kind: Outcome['kind']
  readonly verdict: Verdict['kind']
  readonly error: string
}

export interface FailureDeskParts {
  readonly broker: Pick<Broker, 'publish'>
  readonly clock: Clock
  readonly lookup: TaskLookup
  readonly host: string
  readonly emit: EmitWorkerEvent
}

/** Of what could not be told so many are remembered here; the rest is left to the next worker of the host. */
const mostLeft = 10_000

/**
 * Sends word of failures to the tasks that want it (`on_failure`): after the outcome is recorded, and before the failed
 * message is settled. So whoever dies in between is sent that message again, and sends the notice again, under the same
 * id. What the broker does not take, because the queue is not there or is full, holds up nobody: the failed message is
 * settled, the journal says that its word is still to be sent, and losses.ts sends it by and by. That is why also a task
 * that wants nothing written down has those of its failures recorded that somebody is told of.
 */
export class FailureDesk {
  readonly #parts: FailureDeskParts
  readonly #left = new Map<string, TaskMessage>()
  /** The queues that did not take the last word. */
  readonly #away = new Set<string>()

  constructor(parts: FailureDeskParts) {
    this.#parts = parts
  }

  /** Whether somebody wants to know of its failure. */
  concerns(message: TaskMessage): boolean {
    return this.#targetOf(message) !== undefined
  }

  /** Where word of this task's failures goes. */
  queueOf(task: string): string | undefined {
    return this.#targetOfTask(task)?.queue
  }

  /** Whose failures could not be told and are in the journal; without their arguments. */
  get left(): readonly TaskMessage[] {
    return [...this.#left.values()]
  }

  /** Somebody has to tell of it later. */
  leave(message: TaskMessage): void {
    if (this.#left.size < mostLeft) this.#left.set(keyOf(message), { ...message, args: [], kwargs: {} })
  }

  /** There is nothing to tell of it any more. */
  forget(message: TaskMessage): void {
    this.#left.delete(keyOf(message))
  }

  /** Tries once. Resolves with false when it could not be told. */
  async tryToTell(message: TaskMessage, end: TellableEnd): Promise<boolean> {
    const queue = this.#targetOf(message)?.queue
    try {
      await this.#send(message, end)
      if (queue !== undefined) this.#away.delete(queue)
      return true
    } catch (error) {
      if (queue === undefined || this.#away.has(queue)) return false
      this.#away.add(queue)
      this.#emitFailed(message, error)
      return false
    }
  }

  async #send(message: TaskMessage, { kind, verdict, error, output }: TellableEnd): Promise<void> {
    const { broker, clock, host } = this.#parts
    const outcome = failureOutcome(kind, verdict)
    const target = this.#targetOf(message)
    if (!outcome || !target) return
    const { id, task, attempt: attempts, occurrence } = message
    const { entry, due } = occurrence ?? { entry: undefined, due: undefined }
    const failure = { entry, task, id, due, outcome, error, attempts, host, ...(output ? { output } : {}) }
    const notice = failureNotice(failure, target, clock.now())
    await broker.publish([notice]).catch(onlyUnlessRefused)
  }

  #emitFailed(message: TaskMessage, error: unknown): void {
    const task = this.#targetOf(message)?.task
    if (task !== undefined) this.#parts.emit({ kind: 'noticeFailed', message, task, error })
  }

  #targetOf(message: TaskMessage): FailureTarget | undefined {
    return isFailureNotice(message) ? undefined : this.#targetOfTask(message.task)
  }

  #targetOfTask(failed: string): FailureTarget | undefined {
    const { registry } = this.#parts.lookup
    const task = registry.get(failed)?.definition.onFailure
    if (task === undefined || task === failed) return undefined
    return { task, queue: registry.get(task)?.definition.queue ?? defaultQueue }
  }
}

/** Undefined when it has not failed for good. */
export function tellableOutcome(outcome: Outcome, verdict: Verdict): TellableEnd | undefined {
  if (failureOutcome(outcome.kind, verdict.kind) === undefined) return undefined
  const output = 'output' in outcome ? outcome.output : undefined
  return {
    // Who has a run ended knows of it.
    kind: outcome.kind === 'interrupted' && outcome.cancelled ? 'revoked' : outcome.kind,
    verdict: verdict.kind,
    error: reasonOf(outcome) ?? outcome.kind,
    ...(output ? { output } : {}),
  }
}

/** Undefined when it has not ended. */
export function tellableRecord({ outcome, verdict, reason, output }: AttemptRecord): TellableEnd | undefined {
  if (outcome === 'running' || outcome === 'abandoned' || verdict === undefined) return undefined
  return { kind: outcome, verdict, error: reason ?? outcome, ...(output ? { output } : {}) }
}

function keyOf({ id, attempt }: TaskMessage): string {
  return `${id} ${attempt}`
}

/** What no broker takes will not be taken later; the journal and the log have it. */
function onlyUnlessRefused(error: unknown): void {
  if (!(error instanceof TaskbeatError && error.code === 'MESSAGE_REFUSED')) throw error
}
