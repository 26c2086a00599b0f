import type { Consumer, Intake } from '../broker/broker.ts'
import type { BrokerEvent } from '../broker/broker-event.ts'
import type { Delivery } from '../broker/delivery.ts'
import { backoffDelay } from '../core/backoff.ts'
import { type Clock, longestNap } from '../core/clock.ts'
import { between, instant, type Milliseconds, milliseconds } from '../core/instant.ts'
import type { Undecodable } from '../task/parse-task-message.ts'
import type { TaskMessage } from '../task/task-message.ts'
import type { Verdict } from '../task/verdict.ts'
import type { CancelTable } from './cancel-table.ts'
import type { ClaimedMessage, ClaimedRow, ClaimTable } from './claim-table.ts'
import type { CommitQueue } from './commit-queue.ts'
import type { DeadLetterTable } from './dead-letter-table.ts'
import { decodeMessage, encodeAgain } from './message-body.ts'
import type { MessageTable } from './message-table.ts'
import type { PrintedTeller } from './printed-teller.ts'
import type { ResultTable } from './result-table.ts'
import type { Troubles } from './troubles.ts'

/** What a consumer shares with the broker that it belongs to. */
export interface ConsumerParts {
  readonly claims: ClaimTable
  readonly messages: MessageTable
  readonly deadLetters: DeadLetterTable
  readonly results: ResultTable
  readonly printed: PrintedTeller
  readonly cancelling: CancelTable
  readonly commits: CommitQueue
  readonly holder: string
  readonly clock: Clock
  readonly emit: (event: BrokerEvent) => void
  readonly troubles: Troubles
  /** Aborted when the broker is closed. */
  readonly closing: AbortSignal
  /** Tells this process's consumers that there may be something for them ... */
  readonly wake: () => void
  /** ... and everybody's. */
  readonly ring: () => void
  /** Wakes whoever waits for results. */
  readonly tell: () => void
}

/** After a claim that failed (the disk is full, the lock was not to be had) it is tried again, ever more slowly. */
const handOut = 'hand out messages'
const setAside = 'set a message aside'
const retryBackoff = { firstMs: 200, factor: 2, longestMs: 5_000, jitter: 'none' } as const

/**
 * Hands out what is due, as long as there are free slots: a loop that sleeps until the next ETA, and is woken when
 * somebody publishes, when a delivery is settled, and when another worker's claims became free.
 *
 * Settling and claiming go through one commit queue, claims last, so that under load one transaction settles the last
 * deliveries and claims as many.
 */
export class SqliteConsumer implements Consumer {
  readonly #parts: ConsumerParts
  readonly #intake: Intake
  #nap = new AbortController()
  #stopped = false
  #failures = 0
  /** Resolves when it hands out nothing more. */
  readonly stopped: Promise<void>

  constructor(parts: ConsumerParts, intake: Intake) {
    this.#parts = parts
    this.#intake = intake
    this.stopped = this.#run()
  }

  /** Look again: something may have become due. */
  wake(): void {
    this.#nap.abort('woken')
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.wake()
    await this.stopped
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      this.#nap = new AbortController()
      const pause = await this.#turn()
      await this.#parts.clock.sleep(pause, this.#nap.signal)
    }
  }

  /** Claims what is due and says how long to sleep. */
  async #turn(): Promise<Milliseconds> {
    const { claims, clock, commits, troubles, holder } = this.#parts
    const { queues, slots } = this.#intake
    // One look for both questions: what becomes due between two would be neither due nor next.
    const looked = clock.now()
    try {
      this.#abortCancelled()
      if (claims.hasDue(queues, looked)) {
        const { messages, more } = await commits.submit(
          () => claims.claim({ queues, holder, now: clock.now(), slots }),
          { last: true },
        )
        this.#worked()
        for (const message of messages) this.#hand(message)
        if (more) return milliseconds(0)
      }
      const next = claims.nextEta(queues, looked)
      this.#worked() // also when nothing is due: then there is no claim that could tell
      return next === undefined ? longestNap : milliseconds(Math.min(between(clock.now(), next), longestNap))
    } catch (error) {
      troubles.failed(handOut, error)
      return backoffDelay(retryBackoff, ++this.#failures, Math.random)
    }
  }

  #worked(): void {
    this.#failures = 0
    this.#parts.troubles.worked(handOut)
  }

  #abortCancelled(): void {
    const { runs } = this.#intake
    if (!runs) return
    for (const id of this.#parts.cancelling.toAbort(this.#parts.holder))
      runs.abort(id, 'it was cancelled while it ran')
  }

  #hand(claimed: ClaimedMessage): void {
    const { row } = claimed
    const message = messageOf(row)
    if ('problem' in message) {
      void this.#setAside(row, message.problem)
      return
    }
    this.#intake.deliver(this.#delivery(claimed, message))
  }

  #delivery({ row, veto, executes }: ClaimedMessage, message: TaskMessage): Delivery {
    const { commits, messages, holder } = this.#parts
    const followed = row.followed === 1 ? this.#parts.printed.open(row.id, message.attempt) : undefined
    let acknowledged = false
    return {
      message,
      ...(veto === undefined ? {} : { veto }),
      inTime: executes && standsForEntry(row),
      ...(followed && { listener: followed.listener }),
      acknowledge: async () => {
        await commits.submit(() => messages.acknowledge({ seq: row.seq, holder }))
        acknowledged = true
        return 'gone'
      },
      settle: async (verdict, result) => {
        const isOver = acknowledged && verdict.kind !== 'deadLetter'
        const write = this.#writeFor(row, message, isOver ? { kind: 'ack' } : verdict)
        const tellRest = followed?.rest()
        const settled = this.#parts.commits.submit(() => {
          write()
          tellRest?.()
          if (result) this.#parts.results.put(row.id, result)
        })
        // What it frees can be claimed in the same transaction.
        this.#parts.wake()
        await settled
        followed?.told()
        if (result) this.#parts.tell()
        // Others may serve the queue of what waited for this run.
        if (verdict.kind !== 'ack' || standsForEntry(row)) this.#parts.ring()
      },
    }
  }

  /** What carries out the verdict, to be called within a transaction. */
  #writeFor(row: ClaimedRow, message: TaskMessage, verdict: Verdict): () => void {
    const { messages, deadLetters, holder } = this.#parts
    const held = { seq: row.seq, holder }
    switch (verdict.kind) {
      case 'ack':
        return () => messages.remove(held)
      case 'retry':
        return () => messages.reschedule(held, message.attempt + 1, verdict.at)
      case 'release': {
        const { at } = verdict
        return () => (at ? messages.reschedule(held, message.attempt, at) : messages.interrupt(held))
      }
      case 'deadLetter': {
        const body = bodyOf(row, message)
        return () => {
          messages.remove(held)
          deadLetters.add(row.id, row.queue, verdict.reason, body)
        }
      }
    }
  }

  async #setAside(row: ClaimedRow, reason: string): Promise<void> {
    const { commits, messages, deadLetters, emit, holder, troubles, clock, closing } = this.#parts
    emit({ kind: 'messageUndecodable', id: row.id, queue: row.queue, reason })
    for (let failures = 1; ; failures++) {
      try {
        await commits.submit(() => {
          messages.remove({ seq: row.seq, holder })
          deadLetters.add(row.id, row.queue, `it cannot be decoded: ${reason}`, row.body)
        })
        troubles.worked(setAside)
        this.#parts.wake()
        return
      } catch (error) {
        troubles.failed(setAside, error)
        // With the end of this process the row is free, and whoever gets it next tries again.
        if (closing.aborted) return
        await clock.sleep(backoffDelay(retryBackoff, failures, Math.random), closing)
      }
    }
  }
}

/** Others of its entry are skipped because of it, or wait for it. */
function standsForEntry({ entry, overlap }: ClaimedRow): boolean {
  return entry !== null && overlap !== 'allow'
}

/** The columns are the truth where the body differs; and what had begun is bound by its successor no more. */
function asStored(row: ClaimedRow, { occurrence, ...decoded }: TaskMessage): TaskMessage {
  const message = { ...decoded, attempt: row.attempt, eta: instant(row.eta) }
  if (!occurrence) return message
  const { startBy: _startBy, ...unbound } = occurrence
  return { ...message, occurrence: row.begun === 1 ? unbound : occurrence }
}

/** The message of a row, if it is one: the row's id names it to the journal and to the processes of its run. */
function messageOf(row: ClaimedRow): TaskMessage | Undecodable {
  const decoded = decodeMessage(row.body)
  if ('problem' in decoded) return decoded
  if (decoded.id !== row.id) return { problem: 'its id is not that of its row' }
  if (row.attempt === 0) return { problem: 'its row has an attempt that is none' }
  return asStored(row, decoded)
}

/** The message as it is now; as it came, should that be impossible to write: rather an old attempt than no letter. */
function bodyOf(row: ClaimedRow, message: TaskMessage): string {
  try {
    return encodeAgain(message)
  } catch {
    return row.body
  }
}
