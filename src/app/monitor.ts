import type { ListenAddress, Settings } from '../config/settings.ts'
import { backgroundClock } from '../core/clock.ts'
import { describeError } from '../core/errors.ts'
import { milliseconds } from '../core/instant.ts'
import type { Service } from '../core/service.ts'
import { BrokerState } from '../observe/broker-state.ts'
import { CachedReading } from '../observe/cached-reading.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { TaskbeatEvent } from '../observe/narrate.ts'
import { beatHindrance, beatStall, workerHindrance } from '../observe/readiness.ts'
import type { HttpAnswer, HttpListener } from '../system/http-listener.ts'
import type { BeatService } from './beat-service.ts'
import type { WorkerService } from './worker-service.ts'

/** Counting messages costs the broker something; nobody needs the figures of this very second. */
const freshMs = milliseconds(10_000)
/** Whoever collects figures waits ten seconds at the most, by default. */
const patienceMs = milliseconds(3_000)

/** What a monitor asks of the process that it speaks for. */
interface Monitored {
  /** Why it should be started again, if it should. */
  readonly stall: () => string | undefined
  /** Why it cannot do its work, if it cannot. */
  readonly hindrance: (trouble: Troubles) => string | undefined
  /** Brings figures up to date that no event tells. */
  readonly refresh: () => Promise<void>
}

/** What its events have told and not taken back. */
interface Troubles {
  readonly broker: string | undefined
  readonly journal: string | undefined
}

interface MonitorParts extends Monitored {
  readonly address: ListenAddress
  readonly awaitsBroker: boolean
  readonly metrics: Metrics
}

/**
 * Speaks for a beat or a worker to whoever asks over HTTP: /healthz (does it go on?), /readyz (can it do its work?) and
 * /metrics. It is started before that process and stopped after it, so that both have an answer.
 */
export class Monitor implements Service {
  readonly name = 'http'
  readonly #parts: MonitorParts
  readonly #broker: BrokerState
  #journalTrouble: string | undefined
  #opening: Promise<HttpListener> | undefined

  constructor(parts: MonitorParts) {
    this.#parts = parts
    this.#broker = new BrokerState({ awaited: parts.awaitsBroker })
  }

  note(told: TaskbeatEvent): void {
    this.#parts.metrics.note(told)
    if (told.from === 'broker') this.#broker.note(told.event)
    if (told.from !== 'worker') return
    if (told.event.kind === 'journalUnwritable')
      this.#journalTrouble = `the journal cannot be written: ${describeError(told.event.error)}`
    if (told.event.kind === 'journalRecovered') this.#journalTrouble = undefined
  }

  async start(): Promise<void> {
    const { openHttpListener } = await import('../system/http-listener.ts')
    this.#opening = openHttpListener(this.#parts.address, {
      '/healthz': async () => verdictOn(this.#parts.stall()),
      '/readyz': async () => verdictOn(this.#hindrance()),
      '/metrics': () => this.#figures(),
    })
    await this.#opening
  }

  async stop(): Promise<void> {
    const listener = await this.#opening?.catch(() => undefined)
    this.#opening = undefined
    await listener?.close()
  }

  #hindrance(): string | undefined {
    return this.#parts.hindrance({ broker: this.#broker.trouble, journal: this.#journalTrouble })
  }

  async #figures(): Promise<HttpAnswer> {
    const { refresh, metrics } = this.#parts
    await refresh()
    metrics.showReady(this.#hindrance() === undefined)
    return { status: 200, type: metrics.contentType, body: await metrics.text() }
  }
}

function verdictOn(trouble: string | undefined): HttpAnswer {
  const type = 'text/plain; charset=utf-8'
  return trouble === undefined
    ? { status: 200, type, body: 'ok\n' }
    : { status: 503, type, body: `${trouble}\n` }
}

/** The monitor of a beat; undefined when the configuration asks for none, and then nothing of it is loaded. */
export async function createBeatMonitor(
  settings: Settings,
  beat: () => BeatService,
): Promise<Monitor | undefined> {
  const { beat: address } = settings.http
  if (!address) return undefined
  const metrics = await createMetrics('beat')
  const reading = new CachedReading({
    read: () => beat().brokerStatus(),
    clock: backgroundClock,
    fresh: freshMs,
    patience: patienceMs,
  })
  const { queues: served } = settings.worker
  return new Monitor({
    address,
    awaitsBroker: settings.broker.kind === 'amqp',
    metrics,
    stall: () => beatStall(beat().overdue),
    hindrance: ({ broker }) => beatHindrance(beat().status, beat().overdue, broker),
    refresh: async () => {
      metrics.showQueues(await reading.get(), served)
      metrics.showNextDue(beat().status?.nextDue)
    },
  })
}

/** The same of a worker. */
export async function createWorkerMonitor(
  settings: Settings,
  worker: () => WorkerService,
): Promise<Monitor | undefined> {
  const { worker: address } = settings.http
  if (!address) return undefined
  const metrics = await createMetrics('worker')
  metrics.expectTasks(settings.tasks.map(({ name }) => name))
  return new Monitor({
    address,
    awaitsBroker: settings.broker.kind === 'amqp',
    metrics,
    // It has no loop of its own beside the one that answers.
    stall: () => undefined,
    hindrance: ({ broker, journal }) => workerHindrance(worker(), journal, broker),
    refresh: async () => metrics.showExecuting(worker().running),
  })
}

async function createMetrics(role: 'beat' | 'worker'): Promise<Metrics> {
  const { Metrics } = await import('../observe/metrics.ts')
  return new Metrics(role)
}
