import type { TlsFiles } from '../../src/amqp/open-session.ts'
import type { BrokerUrl } from './amqp-options.ts'
import type { ExpectedEntry } from './audit.ts'
import { eventually } from './eventually.ts'
import { type Footprint, footprintEnv, footprintOf, growthOf } from './footprint.ts'
import { accountFor, notesOf, openHosts } from './hosts.ts'
import { notingModule } from './noting-module.ts'
import { explainRepeats, type Fault, type RepeatCounts } from './repeats.ts'
import { Sender } from './sender.ts'
import type { LogLine, TaskbeatProcess } from './taskbeat-process.ts'
import type { World } from './world.ts'

export interface TwoHostsOptions {
  /** For the beat and the worker of each host. */
  readonly urls: readonly BrokerUrl[]
  /** For the application that sends, which may be spared what they are not. */
  readonly senderUrl: BrokerUrl
  /** The authority that signed the broker's certificate, where it is reached over TLS. */
  readonly ca?: string
  readonly longRunSeconds?: number
}

/** What was promised of all that was due and sent, and what became of it. */
export interface Reckoning {
  readonly confirmed: number
  readonly unconfirmed: number
  readonly due: number
  readonly missed: number
  readonly leftOut: number
  /** Attempts that were started on both hosts. */
  readonly doubled: RepeatCounts
  readonly connectionsLost: number
  readonly growth: Footprint
}

const entries: readonly ExpectedEntry[] = [
  { name: 'pulse', isDue: () => true, missed: 'latest', overlap: 'allow' },
  { name: 'ledger', isDue: (second) => second % 2 === 0, missed: 'all', overlap: 'queue' },
  { name: 'one-only', isDue: (second) => second % 3 === 0, missed: 'latest', overlap: 'skip' },
]

export const lookaheadMs = 5_000
export const heartbeatMs = 2_000

const schedule = (broker: { url: BrokerUrl; tls: TlsFiles }, longRunSeconds: number): string => `
broker: ${JSON.stringify({ ...broker, heartbeat: `${heartbeatMs}ms` })}
beat: { lookahead: ${lookaheadMs}ms }
worker: { modules: [./tasks.ts], concurrency: 50 }
schedules:
  pulse:    { every: 1s, task: note, overlap: allow }
  ledger:   { every: 2s, task: note, missed: all }
  one-only: { every: 3s, shell: './note start; sleep 1; ./note end' }
tasks:
  long: { shell: './note start; sleep ${longRunSeconds}; ./note end' }
`

/** What a process may have more in its hands at the end: what is under way differs. Less than one for each of the long form's faults. */
const mostGrowth: Footprint = {
  descriptors: 12,
  timers: 15,
  handles: 8,
  heapMib: 5,
  residentMib: 60,
}

/** Two hosts with a beat and a worker each, and an application that sends: all that a fault of the broker can break. */
export class TwoHosts implements AsyncDisposable {
  readonly hosts: readonly World[]
  readonly workers: readonly TaskbeatProcess[]
  readonly beats: readonly TaskbeatProcess[]
  readonly sender: Sender
  readonly faults: Fault[] = []
  #after = Number.NaN
  #before: readonly Footprint[] = []

  private constructor(first: World, options: TwoHostsOptions) {
    this.hosts = openHosts(first, options.urls.length)
    const { urls, senderUrl, ca, longRunSeconds = 1 } = options
    const tls = ca === undefined ? {} : { ca }
    for (const [host, world] of this.hosts.entries()) {
      world.configure(schedule({ url: urls[host] ?? senderUrl, tls }, longRunSeconds))
      world.write('tasks.ts', notingModule)
      world.env = footprintEnv
    }
    this.workers = this.hosts.map((world) => world.worker())
    this.beats = this.hosts.map((world) => world.beat())
    this.sender = new Sender(senderUrl, tls)
  }

  /** Resolves when they work. */
  static async open(first: World, options: TwoHostsOptions): Promise<TwoHosts> {
    const opened = new TwoHosts(first, options)
    const begun = await Promise.any(opened.beats.map((beat) => beat.said(/^nothing before/)))
    opened.#after = Date.parse(String(begun.at))
    await opened.sender.send({ task: 'note' })
    return opened
  }

  get services(): readonly TaskbeatProcess[] {
    return [...this.workers, ...this.beats]
  }

  marks(): Marks {
    return { workers: this.workers.map(({ mark }) => mark), beats: this.beats.map(({ mark }) => mark) }
  }

  /** From here on growth is counted: everything has been used once. */
  async measure(): Promise<void> {
    this.#before = await this.#footprints()
  }

  /** Whether this was written down by a run of the message, anywhere. */
  isNoted(word: string, messageId: string): boolean {
    return notesOf(this.hosts, word).some(({ id }) => id === messageId)
  }

  /** Sends no more, waits until everything has ended that is to, ends everybody, and throws when a promise was broken. */
  async reckon(seed: number, problems: readonly string[]): Promise<Reckoning> {
    await this.sender.end()
    const through = Date.now()
    const lost = (): string[] => {
      const ran = new Set(notesOf(this.hosts, 'start').map(({ id }) => id))
      return this.sender.confirmed.map(({ message }) => message.id).filter((id) => !ran.has(id))
    }
    const account = (): ReturnType<typeof accountFor> =>
      accountFor(this.hosts, entries, { after: this.#after, through })
    const isDone = (): boolean => lost().length === 0 && account().problems.length === 0
    const patience = { withinMs: 40_000, everyMs: 500 }
    await eventually('all is accounted for', isDone, patience).catch(() => {}) // told below
    const growth = growthOf(this.#before, await this.#footprints())
    const { hosts, sender } = this
    const faults = [...this.faults, ...this.#losses()]
    const repeats = explainRepeats(notesOf(hosts, 'start'), { faults, sent: sender.sent, hosts, lookaheadMs })
    const { due, missed, leftOut, problems: unaccounted } = account()
    const confirmed = sender.confirmed.length
    const unconfirmed = sender.sent.size - confirmed
    const figures = {
      confirmed,
      unconfirmed,
      due,
      missed,
      leftOut,
      doubled: repeats.counts,
      connectionsLost: this.#losses().length,
      growth,
    }
    assertNone(
      [
        ...problems,
        ...unaccounted,
        ...repeats.problems,
        ...lost().map((id) => `${id} was confirmed and has not run`),
        ...leaksIn(growth),
        ...(await this.#end()),
      ],
      { seed, ...figures },
    )
    return figures
  }

  /** Connections that were lost, for whatever reason: each was broken for some time before it was noticed. */
  #losses(): Fault[] {
    return this.services
      .flatMap(({ log }) => log.filter(({ message }) => / lost \(taskbeat /.test(message)))
      .map(({ time }) => ({ from: time - 3 * heartbeatMs, to: time }))
  }

  async #end(): Promise<string[]> {
    const endings = await Promise.all(this.services.map((service) => service.stop()))
    return endings.filter(({ code }) => code !== 0).map(({ code, stderr }) => `ended with ${code}: ${stderr}`)
  }

  async #footprints(): Promise<readonly Footprint[]> {
    return Promise.all(this.services.map(footprintOf))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sender[Symbol.asyncDispose]()
  }
}

/** How much everybody had said. */
export interface Marks {
  readonly workers: readonly number[]
  readonly beats: readonly number[]
}

/** Longer than they may take, to tell by how much they were late. */
const patienceMs = 60_000

/** When the last of the workers said, after its mark, that it takes messages again. */
export async function untilTaking({ workers }: TwoHosts, marks: Marks): Promise<number> {
  const lines = await Promise.all(
    workers.map((worker, host) =>
      worker.said(/^the broker works again/, { mark: marks.workers[host] ?? 0, withinMs: patienceMs }),
    ),
  )
  return Math.max(...lines.map(({ time }) => time))
}

/** When a beat that took the lead after its mark had emitted. */
export async function untilEmitted({ beats }: TwoHosts, marks: Marks): Promise<number> {
  const led = await firstSaid(beats, ({ message }) => message.startsWith('leading'), marks.beats)
  const emitted = await firstSaid(
    beats,
    ({ message, time }) => message.startsWith('emitted') && time >= led.time,
    marks.beats,
  )
  return emitted.time
}

/** The first line of any of them, after its mark, that matches. */
export async function firstSaid(
  services: readonly TaskbeatProcess[],
  what: (line: LogLine) => boolean,
  marks: readonly number[] = [],
): Promise<LogLine> {
  try {
    return await Promise.any(
      services.map((each, host) => each.said(what, { mark: marks[host] ?? 0, withinMs: patienceMs })),
    )
  } catch (error) {
    throw error instanceof AggregateError ? new Error(error.errors.join('\n')) : error
  }
}

/** Throws with the first problems, when there are any. */
export function assertNone(problems: readonly string[], figures: object): void {
  if (problems.length === 0) return
  const shown = problems.slice(0, 30).map((problem) => `  ${problem}`)
  throw new Error(`${problems.length} promises broken:\n${shown.join('\n')}\n${JSON.stringify(figures)}`)
}

function leaksIn(growth: Footprint): string[] {
  return Object.entries(mostGrowth)
    .filter(([key, most]) => !(growth[key as keyof Footprint] <= most))
    .map(([key, most]) => `${key} grew by ${growth[key as keyof Footprint]}, more than ${most}`)
}
