/**
 * The ports to whatever carries messages from those who send to those who run.
 *
 * A broker takes messages durably, hands each to one worker when it is due, and takes it back when that worker dies.
 * It also knows who leads a schedule group and through when everything of it is emitted. What an adapter promises is
 * the contract suites in test/contracts; the words here say it once for people.
 *
 * - A message that was accepted ends settled, set aside as dead, or is still there. Nothing else removes it, but for a
 *   revocation by the beat that emitted it.
 * - It is never handed out before its ETA. Messages that wait hold no slot and hold up nobody.
 * - It is handed to one consumer at a time. When that consumer's process dies it is handed out again.
 * - Messages come from outside: an adapter decodes them with suspicion, and what cannot be decoded is set aside as
 *   dead with the reason and never reaches a consumer.
 */
import type { TaskMessage } from '../task/task-message.ts'
import type { BrokerStatus } from './broker-status.ts'
import type { DeadLetters } from './dead-letters.ts'
import type { Delivery } from './delivery.ts'
import type { Results, RunDesk } from './results.ts'
import type { Candidate, Term } from './term.ts'

export interface Broker {
  /**
   * Makes all of the messages durable or none of them. An id that is already there and has not been settled stays
   * as it is. Rejects with BROKER_UNAVAILABLE (may be tried again) or MESSAGE_REFUSED (may not); a PublishError says which
   * messages were the cause, and whether the others were accepted all the same.
   */
  publish(messages: readonly TaskMessage[]): Promise<void>

  /** Begins to hand out what is due in the queues. */
  consume(intake: Intake): Consumer

  /**
   * Waits until this candidate leads its group; many may wait. Rejects when the signal is aborted, and with
   * BROKER_UNAVAILABLE when the broker cannot be asked.
   */
  lead(candidate: Candidate, signal: AbortSignal): Promise<Term>

  readonly deadLetters: DeadLetters

  readonly results: Results

  status(): Promise<BrokerStatus>

  /** Ends the consumers and gives back what they hold. Terms should be resigned before. */
  close(): Promise<void>
}

export interface Intake {
  readonly queues: readonly string[]
  /** How many deliveries may be unsettled at once; those with a veto do not count. */
  readonly slots: number
  /** How many of them can execute at once, which is what `status` tells; the others wait for limits of their tasks. */
  readonly concurrency?: number
  /** How many do at this moment, if that is known. */
  readonly executing?: () => number
  /** Must not throw; whatever becomes of the delivery, it has to be settled. */
  readonly deliver: (delivery: Delivery) => void
  /** Asked about runs, and told to end them, by those who sent them. */
  readonly runs?: RunDesk
}

export interface Consumer {
  /** No further deliveries; those handed out may still be settled. Harmless twice. */
  stop(): Promise<void>
}
