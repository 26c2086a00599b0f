/**
 * Events become figures here: the second listener beside the log. What an event counts for is decided in one exhaustive
 * switch for each of those who tell (measure-*.ts), so that a new kind of event is not forgotten. What no event tells
 * is shown by whoever knows it, just before the figures are read.
 *
 * Figures are kept in memory from the start of the process on and are made into text when somebody asks. The number of
 * series is bounded, whatever names messages bring along.
 */
import type { BrokerStatus } from '../broker/broker-status.ts'
import type { Instant } from '../core/instant.ts'
import { Instruments } from './instruments.ts'
import { BeatMeasures } from './measure-beat.ts'
import { BrokerMeasures } from './measure-broker.ts'
import { QueueMeasures } from './measure-queues.ts'
import { WorkerMeasures } from './measure-worker.ts'
import type { TaskbeatEvent } from './narrate.ts'

/** The figures of one beat, or of one worker. */
export class Metrics {
  readonly #instruments = new Instruments()
  readonly #ready = this.#instruments.level({ name: 'ready', help: 'What /readyz says: 1 = ready.' })
  readonly #broker = new BrokerMeasures(this.#instruments)
  readonly #beat: BeatMeasures | undefined
  readonly #queues: QueueMeasures | undefined
  readonly #worker: WorkerMeasures | undefined

  constructor(role: 'beat' | 'worker') {
    this.#instruments.watchProcess()
    if (role === 'worker') this.#worker = new WorkerMeasures(this.#instruments)
    else {
      this.#beat = new BeatMeasures(this.#instruments)
      this.#queues = new QueueMeasures(this.#instruments)
    }
  }

  note(told: TaskbeatEvent): void {
    switch (told.from) {
      case 'beat':
        this.#beat?.note(told.event)
        break
      case 'worker':
        this.#worker?.note(told.event)
        break
      case 'broker':
        this.#broker.note(told.event)
        break
      default:
        told satisfies never
    }
  }

  showReady(isReady: boolean): void {
    this.#ready.set(isReady ? 1 : 0)
  }

  /** Of a beat: what the broker answers, if it does; `served` are the queues that are of interest even when empty. */
  showQueues(status: BrokerStatus | undefined, served: readonly string[]): void {
    this.#queues?.show(status, served)
  }

  /** Of a beat that leads. */
  showNextDue(due: Instant | undefined): void {
    this.#beat?.showNextDue(due)
  }

  /** Of a worker: tasks that have figures before they have run. */
  expectTasks(names: Iterable<string>): void {
    for (const name of names) this.#worker?.expectTask(name)
  }

  /** Of a worker. */
  showExecuting(count: number): void {
    this.#worker?.showExecuting(count)
  }

  get contentType(): string {
    return this.#instruments.contentType
  }

  text(): Promise<string> {
    return this.#instruments.text()
  }
}
