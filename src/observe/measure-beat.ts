import type { BeatEvent } from '../beat/beat-event.ts'
import type { Instant } from '../core/instant.ts'
import { toSnakeCase } from '../core/snake-case.ts'
import type { Count, Instruments, Level } from './instruments.ts'

type MissedWhy = Extract<BeatEvent, { kind: 'occurrenceMissed' }>['reason']

/** All of them, so that each is there, as 0, before the first is missed. */
const missedReasons: Readonly<Record<MissedWhy, true>> = {
  superseded: true,
  tooOld: true,
  policy: true,
  tooMany: true,
  edited: true,
  refused: true,
  queueTookNothing: true,
  tooManyParked: true,
}

/** What the events of a beat come to in figures. */
export class BeatMeasures {
  readonly #leading: Level
  readonly #entries: Level
  readonly #emitted: Count
  readonly #missed: Count
  readonly #failing: Level
  readonly #steps: Count
  readonly #nextDue: Level

  constructor(instruments: Instruments) {
    this.#leading = instruments.level({ name: 'leading', help: '1 while this beat leads its group.' })
    this.#entries = instruments.level({ name: 'entries', help: 'Entries of the schedule.' })
    this.#emitted = instruments.count({
      name: 'occurrences_emitted_total',
      help: 'Occurrences that the broker has confirmed.',
    })
    this.#missed = instruments.count({
      name: 'occurrences_missed_total',
      help: 'Occurrences that were not emitted, by why.',
      labels: ['reason'],
    })
    this.#failing = instruments.level({
      name: 'emission_failing',
      help: '1 while this beat leads and the broker stores nothing.',
    })
    this.#steps = instruments.count({
      name: 'clock_steps_total',
      help: 'How often the wall clock was set, or the machine slept.',
    })
    this.#nextDue = instruments.level({
      name: 'next_due_timestamp_seconds',
      help: 'The first time that is not emitted yet, while this beat leads and something is due.',
    })
    this.showNextDue(undefined)
    for (const reason of Object.keys(missedReasons)) this.#missed.add({ reason: toSnakeCase(reason) }, 0)
  }

  showNextDue(due: Instant | undefined): void {
    if (due === undefined) this.#nextDue.forget()
    else this.#nextDue.set(due / 1_000)
  }

  note(event: BeatEvent): void {
    switch (event.kind) {
      case 'scheduleLoaded':
      case 'scheduleReloaded':
        this.#entries.set(event.entries)
        break
      case 'leadershipTaken':
        this.#leading.set(1)
        break
      case 'leadershipLost':
      case 'leadershipResigned':
        this.#failing.set(0)
        this.#leading.set(0)
        break
      case 'occurrencesEmitted':
        this.#emitted.add({}, event.count)
        break
      case 'occurrenceMissed':
        this.#missed.add({ reason: toSnakeCase(event.reason) }, event.count)
        break
      case 'emissionFailed':
        this.#failing.set(1)
        break
      case 'emissionRecovered':
        this.#failing.set(0)
        break
      case 'clockStepped':
        this.#steps.add()
        break
      case 'standingBy':
      case 'scheduleDiffered':
      case 'candidacyFailed':
      case 'nothingBefore':
      case 'emissionsChanged':
      case 'entryRefused':
      case 'recordFailed':
      case 'recordRecovered':
      case 'clockStable':
      case 'clockBehind':
      case 'clockCaughtUp':
      case 'cursorAhead':
      case 'cursorReset':
        break
      default:
        event satisfies never
    }
  }
}
