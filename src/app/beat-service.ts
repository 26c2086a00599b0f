import { Beat } from '../beat/beat.ts'
import type { Broker } from '../broker/broker.ts'
import type { Settings } from '../config/settings.ts'
import { systemClock } from '../core/clock.ts'
import type { Service } from '../core/service.ts'
import type { BeatRecord } from '../journal/beat-record.ts'
import type { TaskbeatEvent } from '../observe/narrate.ts'
import { openSqliteBeatRecord } from '../sqlite/sqlite-beat-record.ts'
import { openSqliteBroker } from '../sqlite/sqlite-broker.ts'
import type { Host } from './host.ts'
import { journalPath } from './paths.ts'

/** The beat with what it stands on, opened and closed together. */
export class BeatService implements Service {
  readonly name = 'beat'
  readonly #settings: Settings
  readonly #host: Host
  readonly #emit: (told: TaskbeatEvent) => void
  #open: { readonly broker: Broker; readonly record: BeatRecord; readonly beat: Beat } | undefined

  constructor(settings: Settings, host: Host, emit: (told: TaskbeatEvent) => void) {
    this.#settings = settings
    this.#host = host
    this.#emit = emit
  }

  async start(): Promise<void> {
    const { broker: where, beat: options, schedules } = this.#settings
    const { name: host, pid } = this.#host
    const broker = openSqliteBroker({
      path: where.path,
      create: true,
      clock: systemClock,
      host,
      pid,
      emit: (event) => this.#emit({ from: 'broker', event }),
    })
    const record = openSqliteBeatRecord({ path: journalPath(this.#settings), group: where.group })
    const beat = new Beat({
      broker,
      record,
      clock: systemClock,
      group: where.group,
      host,
      pid,
      lookahead: options.lookahead,
      schedule: schedules,
      random: Math.random,
      emit: (event) => this.#emit({ from: 'beat', event }),
    })
    this.#open = { broker, record, beat }
    await beat.start()
  }

  /** Takes the schedule of these settings; whatever else they say needs a restart. */
  async reload(settings: Settings): Promise<void> {
    await this.#open?.beat.reload(settings.schedules)
  }

  async stop(deadline: AbortSignal): Promise<void> {
    const open = this.#open
    this.#open = undefined
    if (!open) return
    await open.beat.stop(deadline)
    await open.record.close()
    await open.broker.close()
  }
}
