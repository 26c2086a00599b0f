import type { BeatService } from '../app/beat-service.ts'
import type { WorkerService } from '../app/worker-service.ts'
import type { Settings } from '../config/settings.ts'
import { systemClock } from '../core/clock.ts'
import { BrokerState } from '../observe/broker-state.ts'
import type { TaskbeatEvent } from '../observe/narrate.ts'
import type { Vitals } from '../system/life-signs.ts'
import { machineZone, nearTime } from './local-time.ts'

/** What a service can say of itself, by what it is and what it has told. */
export class ServiceVitals implements Vitals {
  readonly #describe: () => readonly string[]
  readonly #overdue: () => number
  readonly #broker: BrokerState
  readonly #changed: () => void

  constructor(parts: {
    readonly settings: Settings
    readonly describe: () => readonly string[]
    readonly overdue: () => number
    readonly changed: () => void
  }) {
    this.#describe = parts.describe
    this.#overdue = parts.overdue
    this.#changed = parts.changed
    this.#broker = new BrokerState({ awaited: parts.settings.broker.kind === 'amqp' })
  }

  /** What is told of runs and emissions is too much to be said each time. */
  note(told: TaskbeatEvent): void {
    if (told.from === 'broker') this.#broker.note(told.event)
    else if (told.from === 'worker' || told.event.kind === 'occurrencesEmitted') return
    this.#changed()
  }

  describe(): string {
    return [...this.#describe(), this.#broker.describe()].join('; ')
  }

  overdue(): number {
    return this.#overdue()
  }
}

/** `leading, 12 entries, next to emit: 02:00` */
export function describeBeat(beat: BeatService): string {
  const { status } = beat
  if (!status) return 'not at work'
  const { state, nextDue, hold } = status
  const entries = `${status.entries} ${status.entries === 1 ? 'entry' : 'entries'}`
  if (state !== 'leading') return `standing by, ${entries}`
  const next =
    nextDue === undefined
      ? 'nothing is due'
      : `next to emit: ${nearTime(nextDue, machineZone(), systemClock.now())}`
  const held = hold === undefined ? next : holds[hold]
  return `leading, ${entries}, ${held}`
}

/** `2 running` */
export function describeWorker(worker: WorkerService): string {
  return worker.running === 0 ? 'nothing is running' : `${worker.running} running`
}

const holds = {
  clockSuspect: 'nothing is emitted until the clock is steady',
  cursorAhead: 'nothing is emitted: a wrong clock was here',
  clockBehind: 'the clock is behind what is emitted already',
  emissionFailing: 'nothing can be emitted',
} as const
