import { toSnakeCase } from '../core/snake-case.ts'
import { type OutcomeKind, outcomeKinds } from '../task/outcome.ts'
import type { RunEvent, WorkerEvent } from '../worker/worker-event.ts'
import { BoundedNames } from './bounded-names.ts'
import type { Count, Instruments, Level, Spread } from './instruments.ts'

const mostTasks = 100
const mostEntries = 1_000

/** From what nobody notices to what one would call late. */
const latenessBuckets = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 15, 60, 300]
/** From a function that computes to a backup that takes the night. */
const durationBuckets = [0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 1_800, 7_200, 28_800]

const usual: readonly OutcomeKind[] = ['succeeded', 'failed', 'timedOut', 'expired']

/** What the events of a worker come to in figures. */
export class WorkerMeasures {
  readonly #tasks = new BoundedNames(mostTasks)
  readonly #entries = new BoundedNames(mostEntries)
  readonly #concurrency: Level
  readonly #executing: Level
  readonly #lateness: Spread
  readonly #attempts: Count
  readonly #runs: Count
  readonly #durations: Spread
  readonly #successes: Level
  readonly #dead: Count
  readonly #journal: Level
  readonly #unsettled: Count
  readonly #unknown: Count
  readonly #stuck: Level

  constructor(instruments: Instruments) {
    this.#concurrency = instruments.level({ name: 'concurrency', help: 'How many runs may execute at once.' })
    this.#executing = instruments.level({ name: 'executing', help: 'Runs that execute.' })
    this.#lateness = instruments.spread({
      name: 'lateness_seconds',
      help: 'How long after its time, jitter included, an attempt started.',
      buckets: latenessBuckets,
    })
    this.#attempts = instruments.count({
      name: 'attempts_total',
      help: 'Attempts that have ended, also those that never started, by how.',
      labels: ['outcome'],
    })
    this.#runs = instruments.count({
      name: 'runs_total',
      help: 'Runs that have ended for good, by task and by how. The tasks beyond the first hundred are (other).',
      labels: ['task', 'outcome'],
    })
    this.#durations = instruments.spread({
      name: 'duration_seconds',
      help: 'How long an attempt executed, by task. The tasks beyond the first hundred are (other).',
      labels: ['task'],
      buckets: durationBuckets,
    })
    this.#successes = instruments.level({
      name: 'last_success_timestamp_seconds',
      help: 'When a run of the entry ended well in this process, of the first thousand entries.',
      labels: ['entry'],
    })
    this.#dead = instruments.count({
      name: 'runs_dead_total',
      help: 'Runs that were set aside as dead.',
    })
    this.#journal = instruments.level({
      name: 'journal_writable',
      help: '0 while no work is taken because the journal cannot be written.',
    })
    this.#unsettled = instruments.count({
      name: 'settle_failures_total',
      help: 'How often the broker could not be told how a run had ended.',
    })
    this.#unknown = instruments.count({
      name: 'unknown_tasks_total',
      help: 'Names of tasks that came and are not defined here.',
    })
    this.#stuck = instruments.level({
      name: 'stuck_threads',
      help: 'Threads and processes of modules that cannot be ended.',
    })
    this.#journal.set(1)
    for (const outcome of outcomeKinds) this.#attempts.add({ outcome: toSnakeCase(outcome) }, 0)
  }

  /** From here on the task is called by its name, as long as there is room. */
  expectTask(name: string): void {
    if (this.#tasks.has(name) || !this.#tasks.admit(name)) return
    // What grows from nothing to one between two looks is not seen to grow.
    for (const outcome of usual) this.#runs.add({ task: name, outcome: toSnakeCase(outcome) }, 0)
  }

  showExecuting(count: number): void {
    this.#executing.set(count)
  }

  note(event: WorkerEvent): void {
    switch (event.kind) {
      case 'workerStarted':
      case 'workerReloaded':
        this.#concurrency.set(event.concurrency)
        break
      case 'journalUnwritable':
        this.#journal.set(0)
        break
      case 'journalRecovered':
        this.#journal.set(1)
        break
      case 'taskUnknown':
        this.#unknown.add()
        break
      case 'cellStuck':
        this.#stuck.set(event.stuck)
        break
      case 'drainStarted':
      case 'drainWaiting':
      case 'workerStopped':
      case 'intakeFailed':
      case 'noticesGivenUp':
      case 'guardLost':
      case 'cgroupsFound':
      case 'cgroupsMissing':
      case 'cgroupFailed':
      case 'cellLost':
      case 'modulePrinted':
      case 'modulesLoaded':
      case 'moduleFailed':
        break
      default:
        this.#noteRun(event)
    }
  }

  #noteRun(event: RunEvent): void {
    switch (event.kind) {
      case 'runStarted':
        this.#lateness.observe(Math.max(0, event.lateness) / 1_000)
        break
      case 'runEnded':
        this.#noteEnd(event)
        break
      case 'settleFailed':
        this.#unsettled.add()
        break
      case 'runTakenOver':
      case 'runInterrupted':
      case 'noticeFailed':
      case 'runLeftUnsettled':
      case 'outputLine':
      case 'outputOmitted':
      case 'taskLogged':
      case 'resultDropped':
        break
      default:
        event satisfies never
    }
  }

  #noteEnd({ message, outcome, verdict, ran }: Extract<RunEvent, { kind: 'runEnded' }>): void {
    // Only what has run is a task of ours: a message may name anything.
    if (ran) this.expectTask(message.task)
    const task = this.#tasks.labelOf(message.task)
    const kind = toSnakeCase(outcome.kind)
    this.#attempts.add({ outcome: kind })
    if (verdict.kind === 'ack' || verdict.kind === 'deadLetter') this.#runs.add({ task, outcome: kind })
    if (verdict.kind === 'deadLetter') this.#dead.add()
    if (!ran) return
    this.#durations.observe(ran.duration / 1_000, { task })
    const entry = message.occurrence?.entry
    if (outcome.kind === 'succeeded' && entry !== undefined && this.#entries.admit(entry))
      this.#successes.set((ran.started + ran.duration) / 1_000, { entry })
  }
}
