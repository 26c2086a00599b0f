/**
 * Whether a delivery may start: everything before the first instruction of the task.
 *
 *   early? ─▶ vetoed, expired? ─▶ task known? ─▶ its turn? ─▶ journal's claim ─▶ start, or end, or turn away
 *
 * An attempt that ends here is claimed first as well: only the journal knows whether this delivery is the copy of one
 * that has ended otherwise, and its word goes before a veto and an expiry.
 */
import type { Delivery } from '../broker/delivery.ts'
import type { Clock } from '../core/clock.ts'
import { type Instant, milliseconds, plus } from '../core/instant.ts'
import type { Claim } from '../journal/journal.ts'
import { interruptionLimit, judge } from '../task/judge.ts'
import type { Outcome } from '../task/outcome.ts'
import { noRetry } from '../task/retry-policy.ts'
import type { KeptResult } from '../task/run-result.ts'
import type { TaskMessage } from '../task/task-message.ts'
import type { Verdict } from '../task/verdict.ts'
import type { JournalGate } from './journal-gate.ts'
import type { ProcessGuard } from './process-guard.ts'
import type { RegisteredTask } from './registry.ts'
import type { TaskLookup } from './task-lookup.ts'
import type { Turn, Turns } from './turns.ts'
import type { EmitWorkerEvent } from './worker-event.ts'

export type Admission =
  /** It is claimed, and starts. `leave` is called when it has ended: others may then have its turn. */
  | { readonly kind: 'start'; readonly task: RegisteredTask; readonly leave: () => void }
  /** It has ended without having started: to be recorded, then settled. */
  | { readonly kind: 'end'; readonly outcome: Outcome; readonly verdict: Verdict }
  /** It had ended before: to be settled as is recorded. */
  | { readonly kind: 'ended'; readonly verdict: Verdict; readonly result: KeptResult | undefined }
  /** Not now, or not at all: to be settled, and nothing is recorded of it. */
  | { readonly kind: 'turnAway'; readonly verdict: Verdict }

/** While another delivery of the same attempt is at work, this one asks again so often. */
const busyPause = milliseconds(1_000)

export interface AdmissionParts {
  readonly clock: Clock
  readonly lookup: TaskLookup
  readonly journal: JournalGate
  readonly guard: ProcessGuard
  readonly turns: Turns
  readonly emit: EmitWorkerEvent
}

export class AdmissionDesk {
  readonly #parts: AdmissionParts

  constructor(parts: AdmissionParts) {
    this.#parts = parts
  }

  async admit(delivery: Delivery): Promise<Admission> {
    const { clock, journal, lookup, turns } = this.#parts
    const { message } = delivery
    const now = clock.now()
    if (now < message.eta) return release(message.eta)
    const { opensAt } = journal
    if (opensAt !== undefined) return release(opensAt)
    const { barred, late } = barsOf(delivery, now)
    const task = barred ? undefined : await lookup.find(message)
    const nextLook = barred || late || task ? undefined : lookup.nextLook(message)
    if (nextLook !== undefined) return release(nextLook)
    if (late || !task) return this.#decide(delivery, task, { barred, late })
    const turn = await turns.take(task.definition)
    if (turn.kind === 'refused') return release(turn.at)
    try {
      const admission = await this.#decide(delivery, task, barsOf(delivery, clock.now()), turn)
      if (admission.kind !== 'start') turn.leave()
      return admission
    } catch (error) {
      turn.leave()
      throw error
    }
  }

  async #decide(
    { message }: Delivery,
    task: RegisteredTask | undefined,
    { barred, late }: Bars,
    turn?: Turn,
  ): Promise<Admission> {
    const claim = await this.#claim(message, task)
    if (claim.kind !== 'granted') return this.#answer(claim)
    // Its successor bounds its start, and not what had begun before it was interrupted: that is run to its end.
    const bar = barred ?? (claim.begun ? undefined : late)
    if (bar) return { kind: 'end', outcome: bar, verdict: { kind: 'ack' } }
    if (!task) return deadOf(message.task)
    if (claim.interruptions >= interruptionLimit) return this.#suspect(message, claim.interruptions)
    const granted = turn ?? (await this.#parts.turns.take(task.definition))
    if (granted.kind === 'granted') return { kind: 'start', task, leave: granted.leave }
    return { kind: 'end', outcome: putOff, verdict: releaseAt(granted.at) }
  }

  /** A dead worker's attempt is claimed once nothing of it is left. */
  async #claim(
    message: TaskMessage,
    task: RegisteredTask | undefined,
  ): Promise<Claim | { readonly kind: 'unwritable' }> {
    const { clock, journal, guard, emit } = this.#parts
    if (task?.definition.journal === false) return unwritten
    const once = task?.definition.delivery === 'at_most_once'
    const claim = await journal.claim({ message, now: clock.now(), ...(once ? { once } : {}) })
    // What runs once at the most is not taken over: it is reported (losses.ts), and has ended when this comes again.
    if (claim.kind !== 'abandoned' || once) return claim
    const killed = await guard.sweep(message.id)
    emit({ kind: 'runTakenOver', message, instance: claim.instance, killed })
    return journal.claim({ message, now: clock.now(), takeOver: true })
  }

  #answer(claim: Exclude<Claim, { kind: 'granted' }> | { readonly kind: 'unwritable' }): Admission {
    const { clock, journal } = this.#parts
    switch (claim.kind) {
      case 'finished':
        return { kind: 'ended', verdict: claim.verdict, result: claim.result }
      case 'stale':
        return { kind: 'turnAway', verdict: { kind: 'ack' } }
      case 'running':
      case 'abandoned':
        return release(plus(clock.now(), busyPause))
      case 'unwritable':
        return release(journal.opensAt ?? clock.now())
    }
  }

  #suspect(message: TaskMessage, interruptions: number): Admission {
    const { clock } = this.#parts
    const reason = `interrupted ${interruptions} times by the death of its worker`
    const outcome: Outcome = { kind: 'failed', reason, permanent: true }
    const verdict = judge(outcome, message, noRetry, { now: clock.now(), random: () => 0 })
    return { kind: 'end', outcome, verdict }
  }
}

/** What is granted where nothing is written down. */
const unwritten: Claim = { kind: 'granted', interruptions: 0, begun: false }

/** Why it may not start: for good, or unless it had started before. */
interface Bars {
  readonly barred: Outcome | undefined
  readonly late: Outcome | undefined
}

function barsOf({ message, veto, inTime }: Delivery, now: Instant): Bars {
  const barred = veto ?? expiry(message, now)
  return { barred, late: barred || inTime ? undefined : lateness(message, now) }
}

/** Of what had begun before, and had to be claimed for that to be known. */
const putOff: Outcome = { kind: 'interrupted', reason: 'it was given back before it could start again' }

/** What bounds every attempt. */
function expiry({ expires }: TaskMessage, now: Instant): Outcome | undefined {
  if (expires === undefined || now < expires) return undefined
  return { kind: 'expired', at: expires, reason: 'it had not started when it expired' }
}

/** What bounds the first attempt only: the occurrence's successor stands for it. */
function lateness({ attempt, occurrence }: TaskMessage, now: Instant): Outcome | undefined {
  const startBy = attempt === 1 ? occurrence?.startBy : undefined
  if (startBy === undefined || now < startBy) return undefined
  return { kind: 'expired', at: startBy, reason: 'its successor was due before it could start' }
}

function release(at: Instant | undefined): Admission {
  return { kind: 'turnAway', verdict: releaseAt(at) }
}

function releaseAt(at: Instant | undefined): Verdict {
  return at === undefined ? { kind: 'release' } : { kind: 'release', at }
}

/** Its sender, elsewhere, is told so by an error of its own. */
function deadOf(task: string): Admission {
  const reason = `task ${task} is not defined here`
  const error = { name: 'UnknownTask', message: `the task ${task} is not defined where it was to run` }
  return {
    kind: 'end',
    outcome: { kind: 'failed', reason, permanent: true, error },
    verdict: { kind: 'deadLetter', reason },
  }
}
