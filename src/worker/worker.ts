/**
 * The worker: takes deliveries and does what they ask for.
 *
 *                 ┌────────────── admission ──────────────┐
 *   delivery ──▶ look up ──▶ its turn ──▶ claim in the journal ──▶ execute ──▶ judge ──▶ record ──▶ settle
 *                 │             │            │                                   │          │          │
 *                 │             │            │                                   value      journal    broker
 *                 │             │            └ ended before: settled as recorded · old copy: acknowledged
 *                 │             │              at work elsewhere: given back for a second
 *                 │             └ its task's rate or concurrency is used up: waits, or is given back (turns.ts)
 *                 └ unknown: given back for 5 s, 10 s … 60 s, dead after 10 min
 *
 * Every step ends with a value, and only the last two write. The invariant: nothing starts that is not claimed, and
 * nothing is settled whose ending is not recorded. So whatever dies between two steps, the message comes again, and
 * the journal knows what to say.
 *
 * On each failure:
 * - The task fails, hangs, prints without end, forks: its executor makes an outcome of it.
 * - The journal cannot be written: no work is taken until it can (journal-gate.ts); what has run waits to be recorded,
 *   until the worker's grace is over.
 * - The task has failed for good: whoever wants to know is sent word (failure-desk.ts) before the message is settled,
 *   or later, when the queue for that takes nothing now (losses.ts).
 * - The broker cannot be told: settling is tried again until the worker's grace is over; the delivery keeps its slot.
 *   What is left then comes again, and is settled as recorded.
 * - The worker is killed: the guard process kills what it ran; the claim is taken over by whoever gets the message
 *   next, and after three such deaths in one attempt the task itself is suspected. What runs at most once is not made
 *   again: its message was acknowledged before it began, and the next worker of the host reports it (losses.ts).
 * - A step throws, which is a mistake of ours: that delivery is left unsettled and told of; the others go on.
 *
 * The worker's own life:
 *
 *   idle ──start──▶ working ──stop──▶ draining ──grace over──▶ interrupting ──▶ stopped
 *                     │  ▲               └────── deadline: now, by SIGKILL ─────────▲
 *                     └──┘ reload
 */
import type { Broker } from '../broker/broker.ts'
import type { Delivery } from '../broker/delivery.ts'
import type { Random } from '../core/backoff.ts'
import type { Clock } from '../core/clock.ts'
import { type Milliseconds, milliseconds } from '../core/instant.ts'
import type { Service } from '../core/service.ts'
import type { Journal } from '../journal/journal.ts'
import type { TaskMessage } from '../task/task-message.ts'
import { AdmissionDesk } from './admission.ts'
import { DeliveryHandler } from './delivery-handler.ts'
import { drain } from './drain.ts'
import type { Executors } from './executor.ts'
import { FailureDesk } from './failure-desk.ts'
import { Intake } from './intake.ts'
import { JournalGate } from './journal-gate.ts'
import { Losses } from './losses.ts'
import type { ProcessGuard } from './process-guard.ts'
import type { Registry } from './registry.ts'
import { RunningRuns } from './running-runs.ts'
import { Slots } from './slots.ts'
import { TaskLookup } from './task-lookup.ts'
import { roomFor, Turns } from './turns.ts'
import type { EmitWorkerEvent } from './worker-event.ts'

/** What a reload may change. */
export interface WorkerPlan {
  readonly registry: Registry
  readonly queues: readonly string[]
  /** How many runs at once. */
  readonly concurrency: number
  /** How long a stop waits for what runs. */
  readonly grace: Milliseconds
}

export interface WorkerOptions extends WorkerPlan {
  readonly broker: Pick<Broker, 'consume' | 'publish'>
  readonly journal: Pick<Journal, 'attempts' | 'claim' | 'record' | 'states' | 'told' | 'untold'>
  readonly executors: Executors
  readonly guard: ProcessGuard
  /** The name of the machine. */
  readonly host: string
  readonly clock: Clock
  readonly random: Random
  readonly emit: EmitWorkerEvent
  /**
   * Called when a message names a task that is not in the registry: read the configuration once more and, if it has
   * changed, call `reload` before this resolves.
   */
  readonly refresh: () => Promise<void>
  /** The registry once the modules are looked through; until then that of the plan, and no task is unknown. */
  readonly learning?: Promise<Registry>
}

/** How long a stop waits for the broker, and the journal, when nothing executes any more. */
const lastWords = milliseconds(10_000)
const betweenLooks = milliseconds(100)

export class Worker implements Service {
  readonly name = 'worker'
  readonly #options: WorkerOptions
  readonly #lookup: TaskLookup
  readonly #slots: Slots
  readonly #turns: Turns
  readonly #intake: Intake
  readonly #handler: DeliveryHandler
  readonly #losses: Losses
  readonly #underWay = new Set<Promise<void>>()
  readonly #stopping = new AbortController()
  readonly #interrupt = new AbortController()
  readonly #runs = new RunningRuns(this.#interrupt.signal)
  readonly #kill = new AbortController()
  #plan: WorkerPlan
  #stopped: Promise<void> | undefined

  constructor(options: WorkerOptions) {
    const { broker, journal, clock, random, emit, executors, guard, host, refresh, learning } = options
    this.#options = options
    this.#plan = options
    this.#lookup = new TaskLookup(options.registry, { clock, emit, refresh, ...(learning && { learning }) })
    this.#slots = new Slots(options.concurrency)
    const stopping = this.#stopping.signal
    this.#turns = new Turns({ clock, random, slots: this.#slots, stopping })
    this.#intake = new Intake({
      broker,
      clock,
      deliver: (delivery) => this.#take(delivery),
      runs: {
        abort: (id, reason) => this.#runs.abort(id, reason),
        look: (ids) => this.#runs.look(ids, journal.states(ids)),
      },
      executing: () => this.running.length,
      onFailure: (error) => emit({ kind: 'intakeFailed', error }),
    })
    const gate = new JournalGate({ journal, clock, emit, onShut: (pause) => this.#intake.pause(pause) })
    const giveUp = this.#interrupt.signal
    const failures = new FailureDesk({ broker, clock, emit, host, lookup: this.#lookup })
    this.#losses = new Losses({
      clock,
      journal: gate,
      guard,
      failures,
      lookup: this.#lookup,
      emit,
      stopping,
      giveUp,
    })
    this.#handler = new DeliveryHandler({
      clock,
      random,
      emit,
      executors,
      journal: gate,
      runs: this.#runs,
      failures,
      desk: new AdmissionDesk({
        clock,
        emit,
        guard,
        journal: gate,
        lookup: this.#lookup,
        turns: this.#turns,
      }),
      signals: {
        stopping,
        interrupt: this.#interrupt.signal,
        kill: this.#kill.signal,
      },
    })
  }

  /** What executes at this moment. */
  get running(): readonly TaskMessage[] {
    return this.#runs.executing
  }

  /** Whether it asks the broker for work: not before the start, in a pause after trouble, nor from the stop on. */
  get isTaking(): boolean {
    return this.#intake.isOpen
  }

  async start(): Promise<void> {
    const { queues, concurrency } = this.#plan
    this.#intake.open({ queues, concurrency, deliveries: this.#makeRoom() })
    this.#options.emit({ kind: 'workerStarted', queues, concurrency })
    this.#track(this.#losses.watch())
    void this.#lookup.learned.then(() => this.#ask())
  }

  /** What runs keeps its definition; what starts from now on takes the new. */
  reload(plan: WorkerPlan): void {
    const { queues, concurrency, registry } = plan
    this.#plan = plan
    this.#lookup.registry = registry
    this.#slots.resize(concurrency)
    this.#ask()
    this.#options.emit({ kind: 'workerReloaded', tasks: registry.size, queues, concurrency })
  }

  /** Asks the broker for as much as is wanted now. */
  #ask(): void {
    const { queues, concurrency } = this.#plan
    this.#intake.change({ queues, concurrency, deliveries: this.#makeRoom() })
  }

  /** For what waits for its task's own limits, and says how many deliveries that makes. */
  #makeRoom(): number {
    const { concurrency } = this.#plan
    const room = roomFor(this.#lookup.registry, concurrency)
    this.#turns.change(room)
    return concurrency + room
  }

  /** Takes no new work and waits up to `grace` for what runs, then interrupts it. `deadline` means now. */
  stop(deadline: AbortSignal): Promise<void> {
    if (deadline.aborted) this.#hurry()
    else deadline.addEventListener('abort', () => this.#hurry(), { once: true })
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<void> {
    const { clock, emit } = this.#options
    this.#stopping.abort('the worker stops')
    await this.#intake.close()
    const idle = this.#idle()
    await drain(idle, {
      clock,
      emit,
      grace: this.#plan.grace,
      hurry: this.#kill.signal,
      running: () => this.running,
    })
    this.#interruptAll('the worker stopped')
    await this.#unlessHeldUp(idle)
    emit({ kind: 'workerStopped' })
  }

  #hurry(): void {
    this.#interruptAll('the worker was stopped at once')
    this.#kill.abort()
  }

  #interruptAll(reason: string): void {
    if (this.#interrupt.signal.aborted) return
    for (const message of this.running) this.#options.emit({ kind: 'runInterrupted', message, reason })
    this.#interrupt.abort(reason)
  }

  #take(delivery: Delivery): void {
    this.#track(this.#handler.handle(delivery))
  }

  #track(work: Promise<void>): void {
    this.#underWay.add(work)
    void work.then(() => this.#underWay.delete(work))
  }

  async #idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
  }

  /** What ran has ended, but what becomes of it the broker may not take: after a while that is left, and comes again. */
  async #unlessHeldUp(idle: Promise<void>): Promise<void> {
    const { clock } = this.#options
    const over = new AbortController()
    void idle.then(() => over.abort())
    while (!over.signal.aborted && this.running.length > 0) await clock.sleep(betweenLooks, over.signal)
    await clock.sleep(lastWords, over.signal)
  }
}
