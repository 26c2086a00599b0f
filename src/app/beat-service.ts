import { Beat, type BeatStatus } from '../beat/beat.ts'
import type { BeatEvent } from '../beat/beat-event.ts'
import type { Broker } from '../broker/broker.ts'
import type { BrokerStatus } from '../broker/broker-status.ts'
import type { Settings } from '../config/settings.ts'
import { systemClock } from '../core/clock.ts'
import type { Service } from '../core/service.ts'
import type { TaskbeatEvent } from '../observe/narrate.ts'
import { openSqliteBeatRecord } from '../sqlite/sqlite-beat-record.ts'
import { releaseMemory } from '../system/release-memory.ts'
import type { Host } from './host.ts'
import { openBroker } from './open-broker.ts'
import { journalPath } from './paths.ts'

/** By then a beat that starts has emitted what is due at once. */
const releaseAfterMs = 3_000

/** The beat with what it stands on, opened and closed together. */
export class BeatService implements Service {
  readonly name = 'beat'
  readonly #host: Host
  readonly #emit: (told: TaskbeatEvent) => void
  /** What to start with; not kept, for it holds the schedule of that moment. */
  #settings: Settings | undefined
  /** What was opened, to be closed in reverse order. */
  readonly #opened = new AsyncDisposableStack()
  #broker: Broker | undefined
  #beat: Beat | undefined
  #stopped: Promise<void> | undefined
  #releasing: NodeJS.Timeout | undefined

  constructor(settings: Settings, host: Host, emit: (told: TaskbeatEvent) => void) {
    this.#settings = settings
    this.#host = host
    this.#emit = emit
  }

  get status(): BeatStatus | undefined {
    return this.#beat?.status()
  }

  /** By how much its loop is late. */
  get overdue(): number {
    return this.#beat?.overdue ?? 0
  }

  /** What the broker says of itself; undefined when there is none yet, or no more. */
  async brokerStatus(): Promise<BrokerStatus | undefined> {
    return await this.#broker?.status()
  }

  async start(): Promise<void> {
    const settings = this.#settings
    if (!settings) throw new Error('a beat service starts once')
    this.#settings = undefined
    const { name: host, pid } = this.#host
    const { group } = settings.broker
    const clock = systemClock
    const broker = openBroker({
      settings,
      host: this.#host,
      create: true,
      emit: (event) => this.#emit({ from: 'broker', event }),
    })
    this.#broker = broker
    this.#opened.defer(() => broker.close())
    const record = openSqliteBeatRecord({ path: journalPath(settings), group })
    this.#opened.defer(() => record.close())
    this.#beat = new Beat({
      broker,
      record,
      clock,
      group,
      host,
      pid,
      lookahead: settings.beat.lookahead,
      schedule: settings.schedules,
      random: Math.random,
      emit: (event) => this.#tell(event),
    })
    await this.#beat.start()
  }

  /** Takes the schedule of these settings; whatever else they say needs a restart. */
  async reload(settings: Settings): Promise<void> {
    await this.#beat?.reload(settings.schedules)
  }

  stop(deadline: AbortSignal): Promise<void> {
    this.#stopped ??= this.#stop(deadline)
    return this.#stopped
  }

  async #stop(deadline: AbortSignal): Promise<void> {
    clearTimeout(this.#releasing)
    try {
      await this.#beat?.stop(deadline)
    } finally {
      await this.#opened.disposeAsync()
    }
  }

  #tell(event: BeatEvent): void {
    this.#emit({ from: 'beat', event })
    const loaded = event.kind === 'scheduleLoaded' || event.kind === 'scheduleReloaded'
    if (!loaded) return
    clearTimeout(this.#releasing)
    this.#releasing = setTimeout(releaseMemory, releaseAfterMs).unref()
  }
}
