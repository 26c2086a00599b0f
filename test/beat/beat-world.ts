import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { onTestFinished } from 'vitest'
import { Beat, type BeatParts } from '../../src/beat/beat.ts'
import type { BeatEvent } from '../../src/beat/beat-event.ts'
import { type Instant, instant, milliseconds, toIso } from '../../src/core/instant.ts'
import type { BeatRecord } from '../../src/journal/beat-record.ts'
import type { EntrySpec } from '../../src/schedule/entry-spec.ts'
import { openSqliteBeatRecord } from '../../src/sqlite/sqlite-beat-record.ts'
import { makeSpec } from '../schedule/make-spec.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { RecordingBroker } from '../support/recording-broker.ts'
import { connectSqlite } from '../support/sqlite-world.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

type Kind = BeatEvent['kind']
type EventOf<K extends Kind> = Extract<BeatEvent, { kind: K }>

/** A beat under a clock of the test's own, with a broker and a record on a disk that outlives it. */
export class BeatWorld {
  readonly clock: FakeClock
  readonly directory: string = temporaryDirectory()
  /** What all beats of this world have told, the latest last. */
  readonly events: BeatEvent[] = []
  readonly broker: RecordingBroker
  readonly record: BeatRecord
  beat: Beat | undefined
  #watchers: (() => void)[] = []

  constructor(wall?: string) {
    this.clock = new FakeClock(wall)
    this.broker = new RecordingBroker(connectSqlite(this.brokerPath))
    this.record = openSqliteBeatRecord({ path: join(this.directory, 'journal.db'), group: 'main' })
    onTestFinished(() => this.record.close())
  }

  get brokerPath(): string {
    return join(this.directory, 'broker.db')
  }

  makeBeat(schedule: readonly EntrySpec[], parts: Partial<BeatParts> = {}): Beat {
    const beat = new Beat({
      broker: this.broker,
      record: this.record,
      clock: this.clock,
      group: 'main',
      host: 'here',
      pid: 1,
      lookahead: milliseconds(30_000),
      schedule,
      random: () => 0.5,
      emit: (event) => this.#tell(event),
      ...parts,
    })
    onTestFinished(() => beat.stop(AbortSignal.timeout(1_000)))
    return beat
  }

  /** Starts a beat and waits until it leads and has done what there was to do. */
  async start(schedule: readonly EntrySpec[], parts: Partial<BeatParts> = {}): Promise<Beat> {
    this.beat = this.makeBeat(schedule, parts)
    const led = this.next('leadershipTaken')
    await this.beat.start()
    await led
    await this.clock.untilAsleep()
    return this.beat
  }

  async stop(): Promise<void> {
    await this.beat?.stop(AbortSignal.timeout(5_000))
  }

  async reload(schedule: readonly EntrySpec[]): Promise<void> {
    await this.beat?.reload(schedule)
    await this.clock.untilAsleep()
  }

  /** Resolves with the next event of this kind. */
  async next<K extends Kind>(kind: K): Promise<EventOf<K>> {
    for (let seen = this.events.length; ; ) {
      const event = this.events.slice(seen).find((each) => each.kind === kind)
      if (event) return event as EventOf<K>
      seen = this.events.length
      await new Promise<void>((resolve) => this.#watchers.push(resolve))
    }
  }

  told<K extends Kind>(kind: K): EventOf<K>[] {
    return this.events.filter((event) => event.kind === kind) as EventOf<K>[]
  }

  /** Everything that was emitted, in order, as `entry@14:00:00`. */
  get emitted(): string[] {
    return this.broker.emissions.flatMap(({ messages }) =>
      messages.map(({ occurrence }) => name(occurrence?.entry, occurrence?.due)),
    )
  }

  /** What waits in the broker's file, in order of due: exactly what workers would find. */
  queue(): { readonly name: string; readonly args: unknown; readonly eta: Instant }[] {
    using database = new DatabaseSync(this.brokerPath, { readOnly: true })
    const rows = database.prepare('SELECT entry, due, eta, body FROM messages ORDER BY due, entry').all()
    return rows.map((row) => ({
      name: name(String(row.entry), instant(Number(row.due))),
      args: JSON.parse(String(row.body)).args,
      eta: instant(Number(row.eta)),
    }))
  }

  queued(): string[] {
    return this.queue().map((message) => message.name)
  }

  missedRecords(): { entry: string; reason: string; count: number }[] {
    using database = new DatabaseSync(join(this.directory, 'journal.db'), { readOnly: true })
    return database
      .prepare('SELECT entry, reason, count FROM missed ORDER BY entry, first')
      .all()
      .map((row) => ({ entry: String(row.entry), reason: String(row.reason), count: Number(row.count) }))
  }

  #tell(event: BeatEvent): void {
    this.events.push(event)
    for (const watcher of this.#watchers.splice(0)) watcher()
  }
}

function name(entry: string | undefined, due: Instant | undefined): string {
  return `${entry}@${due === undefined ? '' : toIso(due).slice(11, 19)}`
}

export function every(name: string, period: string, said: Partial<EntrySpec> = {}): EntrySpec {
  return makeSpec({ name, task: name, timings: [{ kind: 'every', period: lengthOf(period) }], ...said })
}

export function cron(name: string, expression: string, said: Partial<EntrySpec> = {}): EntrySpec {
  return makeSpec({ name, task: name, timings: [{ kind: 'cron', expression }], ...said })
}

const unit = { s: 1_000, m: 60_000, h: 3_600_000 }

/** `90s`, `5m`, `8h`. */
export function lengthOf(text: string): ReturnType<typeof milliseconds> {
  return milliseconds(Number(text.slice(0, -1)) * unit[text.slice(-1) as keyof typeof unit])
}
