import { formatDuration } from '../core/duration.ts'
import { instant, type Milliseconds, milliseconds, toIso } from '../core/instant.ts'
import { cronWarnings } from '../schedule/cron-warnings.ts'
import { didYouMean } from './did-you-mean.ts'
import type { Place } from './place.ts'
import type { Surroundings, WrittenEntry } from './read-entry.ts'
import { lengthOf, type WrittenTask } from './read-task.ts'
import type { Reading } from './reading.ts'
import { type Rhythm, rhythmOf } from './rhythm.ts'
import { hasClockChanges, isUtc, timeOfDay } from './time-here.ts'

/** So many starts in one second are worth spreading. */
const crowd = 1_000
/** Beyond this many tasks nobody looks for the one that was meant. */
const mostCandidates = 5_000
const dayMs = 86_400_000

/**
 * What is legal in the entries of a file and may not be what was meant. Each entry is looked at once; what is true of
 * many is said once, with a count.
 */
export class EntryWarnings {
  readonly #reading: Reading
  readonly #around: Surroundings
  readonly #cronRemarks = new Map<string, readonly string[]>()
  readonly #rhythms = new Map<string, Rhythm>()
  readonly #startsBySecond = new Map<number, number>()
  readonly #complained = new Set<string>()
  readonly #machineIsElsewhere: boolean
  #withoutZone: { readonly at: Place; readonly text: string } | undefined
  #withoutZoneCount = 0

  constructor(reading: Reading, around: Surroundings) {
    this.#reading = reading
    this.#around = around
    this.#machineIsElsewhere = !around.saysTimezone && !isUtc(reading.machineZone, reading.now)
  }

  look(entry: WrittenEntry): void {
    this.#lookAtCall(entry)
    if (!entry.spec.enabled) return
    const rhythm = this.#rhythmOf(entry)
    this.#count(rhythm)
    this.#lookAtCron(entry)
    this.#lookAtEvery(entry)
    this.#lookAtZone(entry, rhythm)
    this.#lookAtLengths(entry, rhythm.period)
  }

  /** What only all of them together tell. */
  conclude(schedules: Place): void {
    if (this.#withoutZone) {
      const { at, text } = this.#withoutZone
      const others = this.#withoutZoneCount - 1
      at.warning(`${text}${others > 0 ? ` (so it is for ${others.toLocaleString('en')} more)` : ''}`)
    }
    let [largest, second] = [0, 0]
    for (const [at, starts] of this.#startsBySecond) if (starts > largest) [largest, second] = [starts, at]
    if (largest < crowd) return
    const when = toIso(instant(second * 1000)).replace('.000Z', 'Z')
    schedules.warning(
      `${largest.toLocaleString('en')} entries are due within one second, at ${when}; jitter: spreads them`,
    )
  }

  #rhythmOf({ spec, given }: WrittenEntry): Rhythm {
    const { now } = this.#reading
    const [timing, ...others] = spec.timings
    const isPlain =
      timing?.kind === 'cron' &&
      others.length === 0 &&
      !given.start &&
      !given.end &&
      !given.except &&
      !spec.jitter
    if (!isPlain) return rhythmOf(spec, now)
    const key = `${spec.timezone} ${timing.expression}`
    const known = this.#rhythms.get(key) ?? rhythmOf(spec, now)
    this.#rhythms.set(key, known)
    return known
  }

  #count({ eta }: Rhythm): void {
    if (eta === undefined) return
    const second = Math.floor(eta / 1000)
    this.#startsBySecond.set(second, (this.#startsBySecond.get(second) ?? 0) + 1)
  }

  #lookAtCall({ spec, given, ownTask }: WrittenEntry): void {
    const { tasks, modules, queues, defaults } = this.#around
    if (given.task && !modules && !tasks.has(spec.task) && this.#isNews(`task ${spec.task}`)) {
      const hint = tasks.size <= mostCandidates ? didYouMean(spec.task, tasks.keys()) : ''
      given.task.at.warning(`nobody defines a task of this name, and there are no worker.modules${hint}`)
    }
    if (queues && !queues.includes(spec.queue) && this.#isNews(`queue ${spec.queue}`)) {
      const task = ownTask ?? tasks.get(spec.task)
      const at = (given.queue ?? task?.given.queue ?? defaults.queue ?? given.task)?.at
      at?.warning(`worker.queues does not name the queue ${spec.queue}: no worker of this file takes from it`)
    }
  }

  #lookAtCron({ spec, given }: WrittenEntry): void {
    for (const { value, at } of given.cron?.value ?? []) {
      const key = `${spec.timezone} ${value}`
      const remarks = this.#cronRemarks.get(key) ?? cronWarnings(value, spec.timezone, this.#reading.now)
      this.#cronRemarks.set(key, remarks)
      for (const remark of remarks) at.warning(remark)
    }
  }

  #lookAtEvery({ spec, given }: WrittenEntry): void {
    const { every } = given
    if (!every || every.value % dayMs !== 0 || !hasClockChanges(spec.timezone, this.#reading.now)) return
    every.at.warning(
      `days of 24 hours: after a change of the clocks in ${spec.timezone} this is another time of day; for a time of day write cron`,
    )
  }

  #lookAtZone({ given }: WrittenEntry, { due }: Rhythm): void {
    if (!this.#machineIsElsewhere || given.timezone || due === undefined) return
    const [timing] = given.cron?.value ?? given.at?.value.filter(({ value }) => !hasOffset(value)) ?? []
    if (!timing) return
    this.#withoutZoneCount++
    const { machineZone } = this.#reading
    const text = `${timing.value} is ${timeOfDay(due, machineZone)} here (${machineZone}); write timezone:`
    this.#withoutZone ??= { at: timing.at, text }
  }

  #lookAtLengths({ spec, given, ownTask, at }: WrittenEntry, period: Milliseconds | undefined): void {
    if (period === undefined) return
    const every = `it is due every ${formatDuration(period)}`
    const jitter = given.jitter ?? this.#around.defaults.jitter
    if (jitter && jitter.value >= period)
      this.#warnOnce(
        jitter.at,
        `a jitter of ${formatDuration(jitter.value)} moves starts past the next; ${every}`,
      )
    const { timeout, delay } = limitsOf(ownTask ?? this.#around.tasks.get(spec.task), this.#around)
    if (timeout !== undefined && timeout > period && spec.overlap !== 'allow')
      at.warning(`its task may take ${formatDuration(timeout)}, and ${every}`)
    if (delay !== undefined && delay >= period)
      at.warning(`its task is tried again after ${formatDuration(delay)}, and ${every}`)
  }

  #warnOnce(at: Place, message: string): void {
    if (this.#isNews(`${at.node.offset} ${message}`)) at.warning(message)
  }

  #isNews(key: string): boolean {
    if (this.#complained.has(key)) return false
    this.#complained.add(key)
    return true
  }
}

function hasOffset(moment: string): boolean {
  return /(?:Z|[+-]\d\d(?::?\d\d)?)$/i.test(moment.slice(10))
}

function limitsOf(
  task: WrittenTask | undefined,
  { defaults }: Surroundings,
): { readonly timeout: Milliseconds | undefined; readonly delay: Milliseconds | undefined } {
  const retry = (task?.given.retry ?? defaults.retry)?.value
  return {
    timeout: lengthOf((task?.given.timeout ?? defaults.timeout)?.value),
    delay: retry && retry.max > 0 ? milliseconds(retry.backoff.firstMs) : undefined,
  }
}
