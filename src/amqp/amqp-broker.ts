/**
 * RabbitMQ as the broker: any number of hosts, beats and workers, and nothing beside RabbitMQ that they share.
 *
 *     publish, dead letters, status, control ── link "publish"
 *     consume ──────────────────────────────── link "consume"     only in a process that consumes
 *     lead ─────────────────────────────────── a session of each candidacy's own
 *
 * Publishing and consuming have a connection each, because RabbitMQ stops reading from whoever publishes while a memory
 * or disk alarm is set, and acknowledgements must get through then.
 *
 * - The broker is away: publishing rejects after a few seconds, consumers wait and take up again by themselves.
 * - What was confirmed is on disk, on most nodes of a cluster, and is there until it was settled.
 * - What was not confirmed may be there twice: all copies carry one id, and whoever runs them tells them apart.
 */
import type { Broker, Consumer, Intake } from '../broker/broker.ts'
import type { BrokerEvent } from '../broker/broker-event.ts'
import type { BrokerStatus } from '../broker/broker-status.ts'
import type { DeadLetters } from '../broker/dead-letters.ts'
import type { Veto } from '../broker/delivery.ts'
import type { Results } from '../broker/results.ts'
import type { Candidate, Term } from '../broker/term.ts'
import type { Random } from '../core/backoff.ts'
import type { Clock } from '../core/clock.ts'
import { describeError, TaskbeatError } from '../core/errors.ts'
import type { Instant, Milliseconds } from '../core/instant.ts'
import { newUuid } from '../core/uuid.ts'
import type { TaskMessage } from '../task/task-message.ts'
import type { Address } from './address.ts'
import { AmqpConsumer } from './amqp-consumer.ts'
import { readAmqpStatus, statusMethod } from './amqp-status.ts'
import { takesNothing } from './amqp-term.ts'
import { BlockWatch } from './block-watch.ts'
import { encodeTask } from './codec.ts'
import { ControlPoint } from './control-point.ts'
import { AmqpDeadLetters } from './dead-letters.ts'
import type { Deadlines } from './deadlines.ts'
import { Declarations } from './declarations.ts'
import { describeWorkers } from './describe-workers.ts'
import { type LeadParts, leadByBaton } from './lead-by-baton.ts'
import type { Link } from './link.ts'
import { openLink, type Turn } from './open-link.ts'
import type { ReadPassword, TlsFiles } from './open-session.ts'
import { OwnBeats } from './own-beats.ts'
import { Peers } from './peers.ts'
import type { ProcessStatus } from './process-status.ts'
import { type Letter, Publisher } from './publisher.ts'
import { type Replies, withReplies } from './replies.ts'
import { Republisher } from './republisher.ts'
import { ResultDesk } from './result-desk.ts'
import { Revocations, readRevocations, revocationMethod, revokedMethod } from './revocations.ts'
import { destinationOf, type RoutePlan } from './route.ts'
import { scheduleMethod, toDigest } from './schedule-digest.ts'
import type { Session } from './session.ts'
import { SlotLedger } from './slot-queue.ts'
import type { QueueType } from './topology.ts'

export interface AmqpBrokerOptions {
  /** At least one; those of a cluster in the order of preference. */
  readonly addresses: readonly Address[]
  /** Of those that have none; without it, `guest`. */
  readonly readPassword?: ReadPassword
  readonly tls?: TlsFiles
  readonly heartbeat: Milliseconds
  /** An ETA nearer than this is waited for by a worker, others in the broker. */
  readonly hold: Milliseconds
  /** For how long the broker lets a delivery be unacknowledged. */
  readonly consumerTimeout: Milliseconds
  /** Whose beats `status` expects to answer. */
  readonly group: string
  /** The queues that this installation has, as its file names them. */
  readonly queues: readonly string[]
  readonly typeOf: (queue: string) => QueueType
  readonly clock: Clock
  readonly random: Random
  readonly host: string
  readonly pid: number
  readonly emit: (event: BrokerEvent) => void
  readonly deadlines?: Partial<Deadlines>
  /** Its connections do not keep the process alive. */
  readonly background?: true
}

/** Connects in the background; what is asked before there is a connection waits for it a few seconds. */
export function openAmqpBroker(options: AmqpBrokerOptions): Broker {
  return new AmqpBroker(options)
}

class AmqpBroker implements Broker {
  readonly deadLetters: DeadLetters
  readonly #options: AmqpBrokerOptions
  /** Names this process to others. */
  readonly #node: string
  readonly #plan: RoutePlan
  readonly #declarations: Declarations
  readonly #turn: Turn = { at: 0 }
  readonly #publishing: Link
  readonly #blockWatch: BlockWatch
  readonly #publisher: Publisher
  readonly #resultDesk: ResultDesk
  readonly #revocations = new Revocations()
  readonly #ledger = new SlotLedger()
  readonly #consumers = new Map<AmqpConsumer, Instant>()
  readonly #beats = new OwnBeats()
  readonly #closing = new AbortController()
  /** Opened with the first consumer. */
  #consuming: Link | undefined
  /** Opened by those who consume or lead: others have nothing to hear. */
  #control: { readonly point: ControlPoint; readonly peers: Peers } | undefined
  #consumerCount = 0
  #closed: Promise<void> | undefined

  constructor(options: AmqpBrokerOptions) {
    const { clock, hold, host, pid, queues, typeOf } = options
    this.#options = options
    this.#node = `${host}.${pid}.${newUuid().slice(0, 8)}`
    this.#plan = { hold, typeOf }
    this.#declarations = new Declarations(typeOf)
    this.#publishing = this.#openLink('publish')
    this.#blockWatch = new BlockWatch(this.#publishing, clock)
    this.#publisher = new Publisher({
      link: this.#publishing,
      declare: (session, queue) => this.#declarations.forPublishing(session, queue),
    })
    this.deadLetters = new AmqpDeadLetters({
      link: this.#publishing,
      publisher: this.#publisher,
      queues,
      destinationOf: (message) => destinationOf(message, clock.now(), this.#plan),
      clock,
    })
    this.#resultDesk = new ResultDesk({
      link: this.#publishing,
      clock,
      queues,
      publish: (messages, replies) => this.#publish(messages, replies),
      unlessBlocked: (sending) => this.#blockWatch.unlessBlocked(sending),
      consumers: () => [...this.#consumers.keys()],
      closing: this.#closing.signal,
    })
  }

  get results(): Results {
    return this.#resultDesk.results
  }

  publish(messages: readonly TaskMessage[]): Promise<void> {
    return this.#publish(messages)
  }

  consume(intake: Intake): Consumer {
    const { clock, consumerTimeout, emit, typeOf } = this.#options
    this.#consuming ??= this.#openLink('consume')
    const consumer = new AmqpConsumer(
      {
        link: this.#consuming,
        republisher: new Republisher(this.#publisher, this.#plan, clock),
        replier: this.#resultDesk.replier,
        ledger: this.#ledger,
        declarations: this.#declarations,
        typeOf,
        revoked: (message) => this.#vetoOf(message),
        informed: (session) => this.#resultDesk.informed(session),
        instance: `${this.#node}.${++this.#consumerCount}`,
        consumerTimeout,
        clock,
        emit,
        opened: () => this.#joined(),
      },
      intake,
    )
    this.#consumers.set(consumer, clock.now())
    void consumer.ended.then(() => this.#consumers.delete(consumer))
    const { peers } = this.#listen()
    void consumer.left.then(() => peers.leave(consumer.instance))
    return consumer
  }

  async lead(candidate: Candidate, signal: AbortSignal): Promise<Term> {
    const { clock, emit, heartbeat, queues } = this.#options
    this.#listen()
    const parts: LeadParts = {
      connect: (ended) => this.#openLeadSession(candidate.group, ended),
      declare: (session, queue) => this.#declarations.forPublishing(session, queue),
      queues,
      plan: this.#plan,
      clock,
      heartbeat,
      emit,
    }
    const over = AbortSignal.any([signal, this.#closing.signal])
    return this.#beats.keep(candidate, () => leadByBaton(parts, candidate, over))
  }

  async status(): Promise<BrokerStatus> {
    try {
      const session = await this.#publishing.session(AbortSignal.timeout(statusPatienceMs))
      if (session.blocked) throw takesNothing('ask who is there')
      return await readAmqpStatus(session, this.#options)
    } catch (error) {
      if (error instanceof TaskbeatError) throw error
      throw new TaskbeatError('BROKER_UNAVAILABLE', `cannot read the status: ${describeError(error)}`, {
        cause: error,
      })
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#consumers.keys()].map((consumer) => consumer.abandon()))
    this.#closing.abort()
    await this.#consuming?.close()
    await this.#control?.peers.close()
    await this.#control?.point.close()
    this.#publisher.close()
    await this.#publishing.close()
  }

  async #publish(messages: readonly TaskMessage[], replies?: Replies): Promise<void> {
    const { clock } = this.#options
    const now = clock.now()
    const letters = messages.map((message) => this.#letter(message, now))
    const sending = this.#publisher.send(
      replies === undefined
        ? letters
        : letters.map((letter) => ({ ...letter, outgoing: withReplies(letter.outgoing, replies) })),
    )
    await this.#blockWatch.unlessBlocked(sending)
  }

  #letter(message: TaskMessage, now: Instant): Letter {
    const { queue } = message
    const isForeign = this.#options.typeOf(queue) === 'existing'
    const task = encodeTask(message, isForeign ? { etaSaysNothingThrough: now } : {})
    return { queue, outgoing: { ...task, ...destinationOf(message, now, this.#plan) } }
  }

  #vetoOf({ id, occurrence }: TaskMessage): Veto | undefined {
    const cancelled = this.#resultDesk.vetoOf(id)
    if (cancelled) return cancelled
    if (!occurrence || !this.#revocations.isRevoked(id, occurrence.stamp)) return undefined
    return { kind: 'revoked', reason: `entry ${occurrence.entry} was removed or changed` }
  }

  #openLink(name: string): Link {
    const { addresses, clock, random, emit } = this.#options
    return openLink({ ...this.#connection(name), addresses, turn: this.#turn, clock, random, emit })
  }

  #connection(name: string) {
    const { readPassword, tls, heartbeat, deadlines, host, pid, background } = this.#options
    return {
      name: `taskbeat ${name} (${host}, ${pid})`,
      heartbeatMs: heartbeat,
      ...(readPassword ? { readPassword } : {}),
      ...(tls ? { tls } : {}),
      ...(deadlines ? { deadlines } : {}),
      ...(background ? { background } : {}),
    }
  }

  /** One that stands for one candidacy; of several addresses the first that answers. */
  async #openLeadSession(group: string, signal: AbortSignal): Promise<Session> {
    const { queues } = this.#options
    const link = this.#openLink('lead')
    try {
      const session = await link.session(signal)
      // The link would replace a lost session, and a candidacy ends with its own.
      session.lost.addEventListener('abort', () => void link.close(), { once: true })
      await this.#declarations.declare(session, queues, { group })
      return session
    } catch (error) {
      await link.close()
      throw error
    }
  }

  #listen(): { readonly point: ControlPoint; readonly peers: Peers } {
    this.#control ??= this.#openControl()
    return this.#control
  }

  #openControl(): { readonly point: ControlPoint; readonly peers: Peers } {
    const { clock } = this.#options
    const peers = new Peers({
      clock,
      own: () =>
        [...this.#consumers.keys()]
          .filter(({ round }) => round > 0)
          .map(({ instance, round, intake: { queues } }) => ({ instance, round, queues })),
      say: (method, args) => point.say(method, args),
      changed: () => this.#share(),
    })
    const point = new ControlPoint({
      link: this.#publishing,
      node: this.#node,
      clock,
      methods: {
        ...peers.methods,
        ...this.#resultDesk.methods,
        [statusMethod]: () => this.#describe(),
        [revocationMethod]: (args) => this.#revoke(args),
        [revokedMethod]: () => this.#beats.tellRevoked(),
        [scheduleMethod]: ({ group }) => this.#scheduleOf(group),
      },
      opened: () => {
        peers.announce()
        this.#beats.tellRevoked()
        void point.say(revokedMethod, {})
      },
    })
    return { point, peers }
  }

  #joined(): void {
    this.#control?.peers.announce()
    this.#share()
  }

  #share(): void {
    const peers = this.#control?.peers
    if (!peers) return
    for (const consumer of this.#consumers.keys()) consumer.share((queue) => peers.of(queue))
  }

  #revoke(args: Readonly<Record<string, unknown>>): void {
    const notice = readRevocations(args)
    if (!notice) throw new TaskbeatError('USAGE', 'these are no revocations')
    this.#revocations.forgetExpired(this.#options.clock.now())
    this.#revocations.add(notice)
  }

  #scheduleOf(group: unknown): unknown {
    const schedule = this.#beats.scheduleOf(group)
    return schedule ? { hash: schedule.hash, entries: toDigest(schedule) } : null
  }

  #describe(): ProcessStatus {
    const { host, pid } = this.#options
    return {
      leaders: this.#beats.leaders,
      beats: this.#beats.reports,
      workers: describeWorkers(this.#consumers, { host, pid }),
    }
  }
}

const statusPatienceMs = 5_000
