import type { Intake } from '../broker/broker.ts'
import type { Delivery, Veto } from '../broker/delivery.ts'
import type { KeptResult } from '../task/run-result.ts'
import type { TaskMessage } from '../task/task-message.ts'
import type { Verdict } from '../task/verdict.ts'
import type { HeldMessage } from './held-message.ts'
import type { Replier } from './replier.ts'
import type { Republisher } from './republisher.ts'
import { settleHeld } from './settle-held.ts'
import { type SlotLedger, SlotQueue } from './slot-queue.ts'

export interface HandOutParts {
  readonly intake: Pick<Intake, 'slots' | 'deliver'>
  readonly ledger: SlotLedger
  readonly republisher: Republisher
  readonly replier: Replier
  /** Why this message shall not start any more; undefined = it may. */
  readonly revoked: (message: TaskMessage) => Veto | undefined
  /** Nothing that was handed out is left to be settled. */
  readonly idle: () => void
  /** A slot is free again, and nobody waits for it. */
  readonly spare: () => void
}

export interface Executing {
  /** It stands for its entry from now on (delivery.ts). */
  readonly inTime?: boolean
  readonly settled?: () => void
}

/** Hands out what is due, as deliveries, and never more to execute than there are slots. */
export class HandOut {
  readonly #parts: HandOutParts
  readonly #slots: SlotQueue
  #count = 0

  constructor(parts: HandOutParts) {
    this.#parts = parts
    this.#slots = new SlotQueue(parts.intake.slots, parts.ledger, parts.spare)
  }

  /** How many are handed out and not settled. */
  get count(): number {
    return this.#count
  }

  get freeSlots(): number {
    return this.#slots.free
  }

  /** Hands it out as soon as there is a slot for it. */
  offer(held: HeldMessage): void {
    this.ask(held.message, () => held.startable && this.execute(held))
  }

  /** Calls `start` with a slot in hand; what it answers says whether the slot is used. */
  ask({ priority, eta }: TaskMessage, start: () => boolean): void {
    this.#slots.ask({ priority, eta, start })
  }

  /** With a slot in hand: hands it out to execute, or as revoked, which uses none. */
  execute(held: HeldMessage, { inTime = false, settled }: Executing = {}): boolean {
    const veto = this.#parts.revoked(held.message)
    if (veto) {
      this.withoutSlot(held, veto)
      return false
    }
    this.#deliver(held, { inTime }, () => {
      settled?.()
      this.#slots.release()
    })
    return true
  }

  /** Whether it is revoked; then it is handed out as that. */
  isRevoked(held: HeldMessage): boolean {
    const veto = this.#parts.revoked(held.message)
    if (veto) this.withoutSlot(held, veto)
    return veto !== undefined
  }

  /** Hands out what will not execute: with a veto, or too late. */
  withoutSlot(held: HeldMessage, veto?: Veto): void {
    this.#deliver(held, { ...(veto ? { veto } : {}) }, () => {})
  }

  /** Nothing is handed out any more. */
  close(): void {
    this.#slots.close()
  }

  #deliver(held: HeldMessage, how: Pick<Delivery, 'veto' | 'inTime'>, settled: () => void): void {
    const { intake, republisher, replier, idle } = this.#parts
    held.taken = true
    this.#count++
    let acknowledged = false
    const listener = replier.listenerOf(held.incoming, held.message)
    intake.deliver({
      message: held.message,
      ...how,
      ...(listener && { listener }),
      acknowledge: async () => {
        if (!held.open || held.lost) return 'kept'
        acknowledged = true
        return (await held.ackForSure()) ? 'gone' : 'unknown'
      },
      settle: async (verdict, result) => {
        if (!held.open && !acknowledged) return
        // First, so that it is told as soon as the end is recorded; told again with a copy, it is the same.
        if (result) this.#tell(held, result)
        await (acknowledged ? this.#conclude(held, verdict) : settleHeld(held, verdict, republisher))
        this.#count--
        settled()
        if (this.#count === 0) idle()
      },
    })
  }

  #tell({ message: { id }, incoming }: HeldMessage, { result }: KeptResult): void {
    const { replier } = this.#parts
    replier.tell(id, result, replier.addressOf(incoming, id))
  }

  /** Of what is gone from the broker already only a dead letter is left to be made. */
  async #conclude({ incoming, queue }: HeldMessage, verdict: Verdict): Promise<void> {
    if (verdict.kind === 'deadLetter') await this.#parts.republisher.setAside(incoming, queue, verdict.reason)
  }
}
