import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { AmqpTerm } from '../../src/amqp/amqp-term.ts'
import { decodeTask } from '../../src/amqp/codec.ts'
import { declareTopology } from '../../src/amqp/declare.ts'
import { type LeadParts, leadByBaton } from '../../src/amqp/lead-by-baton.ts'
import { Revocations, readRevocations } from '../../src/amqp/revocations.ts'
import type { Incoming, Session } from '../../src/amqp/session.ts'
import {
  batonQueue,
  controlExchange,
  etaQueue,
  laneQueues,
  planTopology,
  type QueuePlan,
} from '../../src/amqp/topology.ts'
import type { Broker, Consumer, Intake } from '../../src/broker/broker.ts'
import type { BrokerEvent } from '../../src/broker/broker-event.ts'
import type { QueueStatus } from '../../src/broker/broker-status.ts'
import type { Candidate } from '../../src/broker/term.ts'
import { systemClock } from '../../src/core/clock.ts'
import { instant, type Milliseconds, milliseconds } from '../../src/core/instant.ts'
import type { TermWorld } from '../contracts/term-contract.ts'
import { openTestSession } from './amqp-term-session.ts'
import { type Child, startNode } from './child.ts'

export const termProcess: string = fileURLToPath(new URL('amqp-term-process.ts', import.meta.url))

const queues: readonly QueuePlan[] = [{ name: 'taskbeat', type: 'quorum' }]
const signal = new AbortController().signal

export interface LeadChange extends Partial<Candidate> {
  readonly heartbeat?: Milliseconds
  readonly emit?: (event: BrokerEvent) => void
  /** Sees, and may replace, each session before it is used. */
  readonly around?: (session: Session) => Session
  readonly signal?: AbortSignal
  /** In place of what a test has no opinion about. */
  readonly parts?: Partial<LeadParts>
}

/** What leading takes, at a broker that has nothing but what is declared here. */
export function leadParts(url: string, group: string, change: LeadChange = {}): LeadParts {
  const heartbeat = change.heartbeat ?? milliseconds(10_000)
  return {
    connect: async (giveUp) => {
      const session = await openTestSession(url, heartbeat, giveUp)
      const { problems } = await declareTopology(session, planTopology({ queues, group }))
      if (problems.length > 0) throw new Error(problems.join('\n'))
      return change.around?.(session) ?? session
    },
    declare: async (session) => {
      await declareTopology(session, planTopology({ queues }))
    },
    queues: queues.map(({ name }) => name),
    plan: { hold: milliseconds(60_000), typeOf: () => 'quorum' },
    clock: systemClock,
    heartbeat,
    emit: change.emit ?? (() => {}),
    ...change.parts,
  }
}

/** Leads, in this process. */
export async function leadAt(url: string, change: LeadChange = {}): Promise<AmqpTerm> {
  const candidate = { group: 'main', host: 'one', pid: 1, scheduleHash: 'aaaa', ...change }
  return leadByBaton(leadParts(url, candidate.group, change), candidate, change.signal ?? signal)
}

/** What a test does to the broker itself. */
export class AmqpTermWorld implements TermWorld {
  readonly keepsOneCopy = false
  readonly url: string
  readonly vhost: string
  readonly #terms: AmqpTerm[] = []

  constructor(url: string) {
    this.url = url
    this.vhost = url.slice(url.lastIndexOf('/') + 1)
  }

  async lead(change: LeadChange = {}): Promise<AmqpTerm> {
    const term = await leadAt(this.url, change)
    onTestFinished(() => term.resign())
    this.#terms.push(term)
    return term
  }

  async connect(emit: (event: BrokerEvent) => void = () => {}): Promise<Broker> {
    return {
      lead: (candidate, giveUp) => this.lead({ ...candidate, emit, signal: giveUp }),
      consume: (intake) => this.#consume(intake),
      status: async () => ({
        leaders: this.#terms.filter(({ lost }) => !lost.aborted).map(({ status }) => status),
        beats: [],
        delayed: 0,
        takesNothing: false,
        workers: [],
        queues: [await this.#count()],
      }),
      publish: notHere,
      deadLetters: { list: notHere, find: notHere, retry: notHere, drop: notHere } as never,
      results: { ready: notHere, send: notHere, wait: notHere, status: notHere, cancel: notHere } as never,
      close: async () => {},
    }
  }

  start(what: string, input: unknown = null): Child {
    return startNode(termProcess, [what, this.url, JSON.stringify(input)])
  }

  async leadInProcess(message: unknown, cursor: unknown): Promise<{ kill(): Promise<void> }> {
    const child = this.start('lead', { message, cursor })
    await child.line()
    return { kill: () => child.kill() }
  }

  /** Of its own, and closed with the test. */
  async session(): Promise<Session> {
    const session = await openTestSession(this.url, milliseconds(10_000), signal)
    onTestFinished(() => session.close())
    return session
  }

  /** Declares the queues of the group before there is a leader. */
  async declare(): Promise<Session> {
    const session = await this.session()
    await declareTopology(session, planTopology({ queues, group: 'main' }))
    return session
  }

  /** Puts something into the queue of the baton. */
  async put(body: Buffer): Promise<void> {
    const channel = await (await this.session()).openChannel({ confirm: true, prefetch: 0 })
    const routingKey = batonQueue('main')
    await channel.publish({ exchange: '', routingKey, body, headers: {} })
  }

  /** Everything that workers would get now (but for lanes, which only hand out to consumers), acknowledged. */
  async drain(): Promise<string[]> {
    const channel = await (await this.session()).openChannel({ confirm: false, prefetch: 0 })
    const ids: string[] = []
    for (const name of ['taskbeat', etaQueue('taskbeat')]) {
      for (;;) {
        const incoming = await channel.get(name)
        if (!incoming) break
        ids.push(incoming.messageId ?? '')
        channel.ack(incoming)
      }
    }
    return ids
  }

  /** A worker in little: waits for ETAs, and hears revocations. */
  #consume({ deliver }: Intake): Consumer {
    const revocations = new Revocations()
    const stopped = new AbortController()
    const hold = async (incoming: Incoming): Promise<void> => {
      const message = decodeTask(incoming, { queue: 'taskbeat', now: instant(Date.now()) })
      if ('problem' in message) throw new Error(message.problem)
      const wait = milliseconds(message.eta - Date.now())
      await systemClock.sleep(wait, stopped.signal)
      const { id, occurrence } = message
      const revoked = occurrence && revocations.isRevoked(id, occurrence.stamp)
      const veto = { kind: 'revoked', reason: 'the schedule has changed' } as const
      deliver({
        message,
        settle: async () => {},
        acknowledge: async () => 'gone',
        ...(revoked ? { veto } : {}),
      })
    }
    const running = this.session().then(async (session) => {
      const channel = await session.openChannel({ confirm: false, prefetch: 0 })
      const name = `control-${Math.random()}`
      await channel.declareQueue({ name, durable: false, exclusive: true, arguments: {} })
      await channel.bind(name, controlExchange.name, '')
      await channel.consume(name, { noAck: true }, ({ body }) => {
        const notice = readRevocations(JSON.parse(body.toString()).arguments)
        if (notice) revocations.add(notice)
      })
      for (const term of this.#terms) term.tellRevoked() // as leaders do when a worker has begun to listen
      for (const queue of everyQueue) await channel.consume(queue, {}, (incoming) => void hold(incoming))
    })
    running.catch(() => {}) // it was stopped before it had begun
    return { stop: async () => stopped.abort() }
  }

  async countReady(queue: string): Promise<number> {
    const session = await this.session()
    return session.apart('count', async (channel) => (await channel.checkQueue(queue))?.messages ?? 0)
  }

  /** How many batons lie there when nobody leads. */
  batons(): Promise<number> {
    return this.countReady(batonQueue('main'))
  }

  async #count(): Promise<QueueStatus> {
    const [ready, scheduled] = [
      await this.countReady('taskbeat'),
      await this.countReady(etaQueue('taskbeat')),
    ]
    return { name: 'taskbeat', ready, scheduled, running: 0, dead: 0 }
  }
}

const everyQueue = ['taskbeat', etaQueue('taskbeat'), ...laneQueues('taskbeat')]

function notHere(): never {
  throw new Error('this world has leaders only')
}
