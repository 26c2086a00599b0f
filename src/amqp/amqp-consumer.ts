/**
 * Takes what is due from the queues and hands it out, over whatever session there is.
 *
 *     waiting for a session ──▶ serving ──stop──▶ settling ──all settled──▶ stopped
 *               ▲                  │ session lost       ▲
 *               └──────────────────┘ (also while settling)
 *
 * A session dies whole. What had not been handed out is forgotten, for the broker hands it out again; what had been goes
 * on, and its end is in the journal when the message comes again. What lives longer than a session is here: the slots,
 * who executes in a lane, and the names of the copies kept for long runs.
 *
 * The invariant: a message is acknowledged only after its verdict was carried out, or after whatever follows it was
 * confirmed. So there may be two of it, and never none.
 */
import type { Consumer, Intake } from '../broker/broker.ts'
import type { BrokerEvent } from '../broker/broker-event.ts'
import type { Veto } from '../broker/delivery.ts'
import { backoffDelay } from '../core/backoff.ts'
import type { Clock } from '../core/clock.ts'
import { type Milliseconds, milliseconds } from '../core/instant.ts'
import type { TaskMessage } from '../task/task-message.ts'
import type { Declarations } from './declarations.ts'
import { HandOut } from './hand-out.ts'
import { HandOver } from './hand-over.ts'
import { Health } from './health.ts'
import type { HeldMessage, Holdings } from './held-message.ts'
import { LaneDesk } from './lane-desk.ts'
import type { Link } from './link.ts'
import type { HeldCounts } from './process-status.ts'
import { QueueIntake } from './queue-intake.ts'
import { Relay } from './relay.ts'
import type { Replier } from './replier.ts'
import type { Republisher } from './republisher.ts'
import type { Session } from './session.ts'
import type { SlotLedger } from './slot-queue.ts'
import type { QueueType } from './topology.ts'

export interface AmqpConsumerParts {
  readonly link: Link
  readonly republisher: Republisher
  readonly replier: Replier
  readonly ledger: SlotLedger
  readonly declarations: Declarations
  readonly typeOf: (queue: string) => QueueType
  readonly revoked: (message: TaskMessage) => Veto | undefined
  /** Resolves once all is known that was cancelled: before that nothing is taken. */
  readonly informed: (session: Session) => Promise<void>
  /** A name that no other consumer has: its queues of long runs bear it. */
  readonly instance: string
  readonly consumerTimeout: Milliseconds
  readonly clock: Clock
  readonly emit: (event: BrokerEvent) => void
  /** It takes from its queues, over a new session: it is the last in line for each lane. */
  readonly opened: () => void
}

const retryBackoff = { firstMs: 200, factor: 2, longestMs: 5_000, jitter: 'none' } as const
/** How often it is looked whether a queue of others has come to be. */
const lookForMissing = milliseconds(5_000)
const operation = 'take messages'

export class AmqpConsumer implements Consumer {
  /** Resolves when it begins to stop. */
  readonly left: Promise<void>
  readonly #parts: AmqpConsumerParts
  readonly #intake: Intake
  readonly #holdings: Holdings = new Set()
  readonly #handOut: HandOut
  readonly #desk: LaneDesk
  readonly #relay: Relay
  readonly #handOver: HandOver
  readonly #health: Health
  readonly #left = Promise.withResolvers<void>()
  readonly #stopping = new AbortController()
  /** Stopped, and everything that was handed out is settled. */
  readonly #ended = new AbortController()
  readonly #running: Promise<void>
  readonly #intakes = new Map<string, QueueIntake>()
  /** Queues of others that do not exist, and are told to be waited for. */
  readonly #awaited = new Set<string>()
  #round = 0
  #opening: Promise<void> = Promise.resolve()
  #stopped: Promise<void> | undefined

  constructor(parts: AmqpConsumerParts, intake: Intake) {
    const { clock, republisher, replier, ledger, revoked, instance, consumerTimeout, declarations, emit } =
      parts
    this.#parts = parts
    this.#intake = intake
    this.#health = new Health(clock, emit)
    this.#handOut = new HandOut({
      intake,
      ledger,
      republisher,
      replier,
      revoked,
      idle: () => this.#endWhenIdle(),
      spare: () => {
        for (const each of this.#intakes.values()) each.slotsFree()
      },
    })
    this.#desk = new LaneDesk({
      clock,
      handOut: this.#handOut,
      idle: (lane) => {
        for (const each of this.#intakes.values()) each.laneIdle(lane)
      },
    })
    this.#relay = new Relay({
      clock,
      republisher,
      holdings: this.#holdings,
      stopping: this.#stopping.signal,
      health: this.#health,
      emit,
    })
    this.#handOver = new HandOver({
      clock,
      holdings: this.#holdings,
      republisher,
      instance,
      consumerTimeout,
      declare: async (session, queue) => {
        await declarations.declare(session, [queue], { instance })
      },
      relay: this.#relay,
      health: this.#health,
    })
    this.left = this.#left.promise
    this.#running = this.#run()
  }

  get intake(): Pick<Intake, 'queues' | 'slots' | 'concurrency' | 'executing' | 'runs'> {
    return this.#intake
  }

  get instance(): string {
    return this.#parts.instance
  }

  /** Of its queues those that do not exist yet. */
  get awaits(): readonly string[] {
    return [...this.#awaited]
  }

  /** It takes nothing more. */
  get stopping(): boolean {
    return this.#stopping.signal.aborted
  }

  /** Deliveries that are not settled. */
  get running(): number {
    return this.#handOut.count
  }

  /** What it holds of each queue. */
  get held(): readonly HeldCounts[] {
    return this.#intake.queues.map((queue) => {
      const ofQueue = [...this.#holdings].filter((held) => held.queue === queue)
      const running = ofQueue.filter(({ taken }) => taken).length
      const waiting = this.#intakes.get(queue)?.waiting ?? 0
      return { queue, running, waiting, ready: Math.max(0, ofQueue.length - running - waiting) }
    })
  }

  /** Whether it holds this message, and it has not started. */
  holds(id: string): boolean {
    return this.#startable(id).length > 0
  }

  /** Hands this message out as revoked, at once, where it is held and has not started. */
  drop(id: string): boolean {
    const held = this.#startable(id)
    for (const each of held) this.#handOut.isRevoked(each)
    return held.length > 0
  }

  #startable(id: string): readonly HeldMessage[] {
    return [...this.#holdings].filter((held) => held.message.id === id && held.startable)
  }

  /** How often it began to take from its queues; 0 when it does not. */
  get round(): number {
    return this.#stopping.signal.aborted ? 0 : this.#round
  }

  /** Resolves when everything that was handed out is settled. */
  get ended(): Promise<void> {
    return this.#running
  }

  /** The workers of the queues are others than before: all of them, this one included, in an order all agree on. */
  share(workersOf: (queue: string) => readonly string[]): void {
    for (const [queue, each] of this.#intakes) each.share(workersOf(queue), this.instance)
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<void> {
    this.#stopping.abort()
    this.#left.resolve()
    this.#handOut.close()
    await this.#opening.catch(() => {}) // told by whoever opened
    // What a lost session leaves undone the broker does: it hands out again.
    await Promise.allSettled([...this.#intakes.values()].map((each) => each.stop()))
    for (const held of [...this.#holdings])
      if (held.startable && this.#desk.isIdle(held.origin)) this.#relay.giveBack(held)
    await this.#relay.idle()
    this.#endWhenIdle()
  }

  /** Stops, and leaves unsettled what was handed out: with its session it goes back to the broker. */
  async abandon(): Promise<void> {
    await this.stop()
    this.#ended.abort()
    await this.#running
  }

  #endWhenIdle(): void {
    if (this.#stopping.signal.aborted && this.#handOut.count === 0) this.#ended.abort()
  }

  async #run(): Promise<void> {
    const { link, clock } = this.#parts
    const ended = this.#ended.signal
    for (let failures = 0; !ended.aborted; ) {
      try {
        const session = await link.session(ended)
        this.#opening = this.#open(session)
        await this.#opening
        failures = 0
        await this.#handOver.run(session, ended)
        if (!ended.aborted) this.#health.failed(operation, session.lost.reason)
      } catch (error) {
        if (ended.aborted) break
        this.#health.failed(operation, error)
        await clock.sleep(backoffDelay(retryBackoff, ++failures, Math.random), ended)
      }
      this.#forget()
    }
    await Promise.allSettled([
      this.#handOver.leave(),
      ...[...this.#intakes.values()].map((each) => each.leave()),
    ])
  }

  async #open(session: Session): Promise<void> {
    const { declarations, informed } = this.#parts
    const { queues } = this.#intake
    if (this.#stopping.signal.aborted) return
    const [missing] = await Promise.all([declarations.declare(session, queues), informed(session)])
    this.#tellAwaited(missing)
    await this.#openQueues(
      session,
      queues.filter((queue) => !missing.includes(queue)),
    )
    this.#getInLine()
    this.#health.begunAnew()
    if (missing.length > 0) void this.#lookFor(session, missing)
  }

  /** Once each, until it is found. */
  #tellAwaited(missing: readonly string[]): void {
    const { emit } = this.#parts
    for (const queue of this.#awaited) {
      if (missing.includes(queue)) continue
      this.#awaited.delete(queue)
      emit({ kind: 'queueFound', queue })
    }
    for (const queue of missing) {
      if (this.#awaited.has(queue)) continue
      this.#awaited.add(queue)
      emit({ kind: 'queueAwaited', queue })
    }
  }

  /** It is behind others in lanes of its own, and they have to step aside. */
  #getInLine(): void {
    this.#round++
    this.#parts.opened()
  }

  async #openQueues(session: Session, queues: readonly string[]): Promise<void> {
    await Promise.all(queues.map((queue) => this.#openQueue(session, queue)))
  }

  async #openQueue(session: Session, queue: string): Promise<void> {
    const { clock, typeOf } = this.#parts
    const intake = new QueueIntake({
      queue,
      type: typeOf(queue),
      slots: this.#intake.slots,
      clock,
      holdings: this.#holdings,
      handOut: this.#handOut,
      desk: this.#desk,
      relay: this.#relay,
      behind: () => this.#getInLine(),
      health: this.#health,
    })
    this.#intakes.set(queue, intake)
    await intake.open(session)
  }

  /** Until these queues, which others declare, have come to be. */
  async #lookFor(session: Session, queues: readonly string[]): Promise<void> {
    const { clock, declarations } = this.#parts
    const over = AbortSignal.any([this.#stopping.signal, session.lost])
    let missing = queues
    while (missing.length > 0) {
      await clock.sleep(lookForMissing, over)
      if (over.aborted) return
      try {
        const still = await declarations.declare(session, missing)
        const found = missing.filter((queue) => !still.includes(queue))
        missing = still
        if (over.aborted) return
        this.#tellAwaited(missing)
        this.#opening = this.#openQueues(session, found) // a stop waits for it
        await this.#opening
      } catch {
        // The session is lost, and the next one looks for all of them again.
      }
    }
  }

  /** The session is over: what was not handed out comes again. */
  #forget(): void {
    for (const each of this.#intakes.values()) each.close()
    this.#intakes.clear()
    for (const held of this.#holdings) if (held.lost && !held.taken) held.letGo()
  }
}
