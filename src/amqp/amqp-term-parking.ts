import type { BrokerEvent } from '../broker/broker-event.ts'
import type { Candidate, NotHandedOn } from '../broker/term.ts'
import type { Clock } from '../core/clock.ts'
import { TaskbeatError } from '../core/errors.ts'
import { type Instant, instant, type Milliseconds, milliseconds } from '../core/instant.ts'
import type { TaskMessage } from '../task/task-message.ts'
import { toParked } from './parked-letter.ts'
import { type Letter, type ParkedReading, takeParked } from './read-parked.ts'
import type { RoutePlan } from './route.ts'
import { type Channel, type Outgoing, type PublishOutcome, RefusedError, type Session } from './session.ts'
import { parkedQueue } from './topology.ts'

export interface ParkingParts {
  readonly group: string
  readonly session: Session
  /** Confirmed. */
  readonly publishing: Pick<Channel, 'publish'>
  readonly plan: RoutePlan
  readonly clock: Clock
  readonly emit: (event: BrokerEvent) => void
  readonly missed: Candidate['missed']
  readonly isRevoked: (message: TaskMessage) => boolean
  readonly encode: (message: TaskMessage) => Outgoing
  /** Asked before anything is published; throws when nothing may be. */
  readonly permit: () => void
}

/** An occurrence that a queue did not take, and what the broker said. */
export interface Stranded {
  readonly message: TaskMessage
  readonly outcome: PublishOutcome
}

/** How often it is looked whether a queue is there by now. */
const pace = milliseconds(5_000)
/** How often those are looked for whose time has passed; and a queue that is there and takes nothing is tried. */
const slowPace = milliseconds(60_000)
/** So many wait for all queues together, as many as there are dead letters of one: they are looked through at once. */
export const mostParked = 10_000
const sentAtOnce = 100

/**
 * What was emitted for queues that did not take it, because they are full, or of others who have not declared them
 * yet: it waits in a queue of its own, so that nothing else has to wait, and counts as emitted.
 *
 *     emitted ──▶ Q
 *        │ Q is full, or of others and not there              ┌──▶ Q, once it takes it
 *        └───────▶ taskbeat.<group>.parked.v1 ── the leader ──┼──▶ dropped: revoked
 *                                                             └──▶ dropped and told as missed: too late to start
 *
 * While anything waits, the leader looks every few seconds whether its queue is there, on a channel of its own; and
 * only then, or when the time of something has passed, it takes out all that is parked, settles what it can and gives
 * back the rest. While nothing waits it does nothing. A new leader looks once, for it cannot know.
 *
 * At least once: what is sent on is acknowledged when that is confirmed, so a leader that dies in between leaves copies.
 * Of copies that are parked one is sent.
 */
export class Parking {
  readonly #parts: ParkingParts
  readonly #queue: string
  /** The queues that something waits for, and from when on the first of it is too late. */
  #waiting = new Map<string, Instant>()
  /** How many wait, as far as is known. */
  #count = 0
  /** Of these it was told that they take nothing. */
  readonly #away = new Set<string>()
  /** Where they are read; opened when it is first needed. */
  #channel: Channel | undefined
  #isAsked = false
  #isAttended = false
  #sending: Promise<unknown> = Promise.resolve()
  #wake = new AbortController()
  #isStopping = false
  #lookedThroughAt: Milliseconds
  #notBefore: Milliseconds

  constructor(parts: ParkingParts) {
    this.#parts = parts
    this.#queue = parkedQueue(parts.group)
    this.#lookedThroughAt = parts.clock.monotonic()
    this.#notBefore = this.#lookedThroughAt
  }

  /** Resolves when all are safe; what there is no room for is told as missed. Rejects with BROKER_UNAVAILABLE. */
  async park(stranded: readonly Stranded[]): Promise<void> {
    const { group, publishing, permit } = this.#parts
    for (const { message, outcome } of stranded) this.#tellAway(message.queue, outcome)
    const messages = stranded.map(({ message }) => message)
    const kept = messages.slice(0, Math.max(0, mostParked - this.#count))
    permit()
    const outcomes = await Promise.all(kept.map((message) => publishing.publish(toParked(group, message))))
    for (const outcome of outcomes) if (outcome.kind !== 'confirmed') this.#refuse(outcome)
    for (const message of kept) this.#note(message)
    this.#attend()
    await this.#tellMissed(messages.slice(kept.length), 'tooManyParked')
  }

  /** What was emitted for this queue has arrived there. */
  took(queue: string): void {
    if (!this.#waiting.has(queue)) this.#tellBack(queue, 0)
  }

  /** Looks through all that is parked, soon: it may be another's, or revoked. */
  lookThrough(): void {
    this.#isAsked = true
    this.#wake.abort()
    this.#attend()
  }

  /** Something is parked, as far as this leader knows. */
  get isUsed(): boolean {
    return this.#isAttended
  }

  /** Sends no more, and resolves when what is being sent is confirmed and removed; the rest is the next leader's. */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.#wake.abort()
    await this.#sending
  }

  #attend(): void {
    if (this.#isAttended || this.#isOver) return
    this.#isAttended = true
    void this.#watch()
  }

  get #isOver(): boolean {
    return this.#isStopping || this.#parts.session.lost.aborted
  }

  async #watch(): Promise<void> {
    const { session } = this.#parts
    while (!this.#isOver && (this.#isAsked || this.#waiting.size > 0)) {
      if (!this.#isAsked || session.blocked) await this.#rest()
      if (this.#isOver || session.blocked) continue
      try {
        if (this.#isAsked || (await this.#isWorthwhile())) await this.#settleAll()
      } catch {
        // The session is over, or the broker refused for now; what is parked stays where it is.
        if (this.#isAsked) await this.#rest()
      }
    }
    this.#isAttended = false
  }

  async #rest(): Promise<void> {
    const { clock, session } = this.#parts
    this.#wake = new AbortController()
    if (!this.#isOver) await clock.sleep(pace, AbortSignal.any([this.#wake.signal, session.lost]))
  }

  async #isWorthwhile(): Promise<boolean> {
    const { clock } = this.#parts
    const time = clock.monotonic()
    if (time < this.#notBefore) return false
    const isLate = [...this.#waiting.values()].some((bound) => bound <= clock.now())
    if (isLate && time - this.#lookedThroughAt >= slowPace) return true
    for (const queue of this.#waiting.keys()) if (await this.#isThere(queue)) return true
    return false
  }

  /** One that is ours by now is made with whatever else is. */
  async #isThere(queue: string): Promise<boolean> {
    const { plan, session } = this.#parts
    if (plan.typeOf(queue) !== 'existing') return true
    try {
      return await session.apart(
        `look for queue ${queue}`,
        async (channel) => (await channel.checkQueue(queue)) !== undefined,
      )
    } catch (error) {
      if (error instanceof RefusedError) return true // it may take what it does not let us look at
      throw error
    }
  }

  async #settleAll(): Promise<void> {
    const { clock, session, publishing, emit } = this.#parts
    const before = this.#waiting
    this.#isAsked = false
    this.#waiting = new Map() // what is parked from here on may not be found
    this.#count = 0
    this.#lookedThroughAt = clock.monotonic()
    try {
      this.#channel ??= await session.openChannel({ confirm: false, prefetch: 0 })
      const reading = await takeParked({
        channel: this.#channel,
        publishing,
        queue: this.#queue,
        clock,
        emit,
      })
      await this.#settle(reading).finally(() => reading.close())
    } catch (error) {
      this.#isAsked = true
      for (const [queue, bound] of before) this.#waiting.set(queue, this.#earlier(queue, bound))
      throw error
    }
  }

  async #settle(reading: ParkedReading): Promise<void> {
    const { clock, isRevoked } = this.#parts
    const now = clock.now()
    const kinds = Map.groupBy(reading.letters, ({ message }) =>
      isRevoked(message) ? 'revoked' : boundOf(message) <= now ? 'late' : 'inTime',
    )
    const { revoked = [], late = [], inTime = [] } = Object.fromEntries(kinds)
    for (const letter of revoked) reading.remove(letter)
    const missed = late.map(({ message }) => message)
    await this.#tellMissed(missed, 'queueTookNothing')
    for (const letter of late) reading.remove(letter)
    let sent = 0
    for (const [queue, some] of Map.groupBy(inTime, ({ message }) => message.queue))
      sent += await this.#sendOn(reading, queue, some)
    const isInVain = inTime.length > 0 && late.length + sent === 0
    this.#notBefore = milliseconds(this.#lookedThroughAt + (isInVain ? slowPace : 0))
    this.#isAsked ||= !reading.isAll && !isInVain
  }

  /** The first alone: if it is not taken, nor are the others. Says how many were. */
  async #sendOn(reading: ParkedReading, queue: string, letters: readonly Letter[]): Promise<number> {
    const { encode, permit, publishing } = this.#parts
    let sent = 0
    let rest = letters
    for (let size = 1; rest.length > 0 && !this.#isStopping; size = sentAtOnce) {
      const some = rest.slice(0, size)
      permit()
      const sending = some.map(async (letter) => {
        const outcome = await publishing.publish(encode(letter.message))
        if (outcome.kind === 'confirmed') reading.remove(letter)
        return outcome
      })
      this.#sending = Promise.allSettled(sending)
      const outcomes = await Promise.all(sending)
      const refused = some.filter((_, index) => outcomes[index]?.kind !== 'confirmed')
      sent += some.length - refused.length
      rest = [...refused, ...rest.slice(size)]
      const [outcome] = outcomes.filter(({ kind }) => kind !== 'confirmed')
      if (!outcome) continue
      this.#tellAway(queue, outcome)
      break
    }
    for (const { message } of rest) this.#note(message)
    if (rest.length === 0) this.#tellBack(queue, sent)
    return sent
  }

  #note(message: TaskMessage): void {
    this.#count++
    this.#waiting.set(message.queue, this.#earlier(message.queue, boundOf(message)))
  }

  #earlier(queue: string, bound: Instant): Instant {
    return instant(Math.min(bound, this.#waiting.get(queue) ?? bound))
  }

  #tellAway(queue: string, outcome: PublishOutcome): void {
    if (this.#away.has(queue) || outcome.kind === 'unknown') return
    this.#away.add(queue)
    const reason =
      outcome.kind === 'refused'
        ? `takes nothing (${outcome.reason})`
        : 'is declared by others, and does not exist'
    this.#parts.emit({ kind: 'queueTookNothing', queue, reason })
  }

  #tellBack(queue: string, sent: number): void {
    if (this.#away.delete(queue) || sent > 0) this.#parts.emit({ kind: 'queueTookAgain', queue, sent })
  }

  async #tellMissed(messages: readonly TaskMessage[], reason: NotHandedOn['reason']): Promise<void> {
    const occurrences = messages.flatMap(({ occurrence }) => occurrence ?? [])
    const missed = [...Map.groupBy(occurrences, ({ entry }) => entry)].map(([entry, some]) => {
      const dues = some.map(({ due }) => due).toSorted((a, b) => a - b)
      const [first = instant(0)] = dues
      return { entry, first, last: dues.at(-1) ?? first, count: dues.length, exact: true, reason } as const
    })
    if (missed.length > 0) await this.#parts.missed?.(missed)
  }

  #refuse(outcome: PublishOutcome): never {
    const what = `what queues do not take cannot be parked in ${this.#queue} (${outcome.kind})`
    const error = new TaskbeatError('BROKER_UNAVAILABLE', what)
    if (outcome.kind !== 'refused') this.#parts.session.destroy(error)
    throw error
  }
}

/** From then on its first attempt may not start. */
function boundOf({ expires, occurrence }: TaskMessage): Instant {
  const never = Number.POSITIVE_INFINITY
  return instant(Math.min(expires ?? never, occurrence?.startBy ?? never))
}
