/**
 * Two hosts, a beat and a worker each, on one RabbitMQ: the leader is killed, stopped for a while and stopped for good,
 * at random moments and at the worst one, between what it publishes and what it commits.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { ExpectedEntry } from '../support/audit.ts'
import {
  judgeLateness,
  type Lateness,
  type Sample,
  type Stall,
  startControlTimer,
} from '../support/control-timer.ts'
import { EmissionBook } from '../support/emission-book.ts'
import { eventually } from '../support/eventually.ts'
import { openFirehose } from '../support/firehose.ts'
import { accountFor, type HostNote, notesOf, openHosts } from '../support/hosts.ts'
import { notingModule } from '../support/noting-module.ts'
import { TooBusyError } from '../support/pressure.ts'
import type { TestBroker } from '../support/rabbitmq-control.ts'
import { seededRandom, shuffled } from '../support/seeded-random.ts'
import type { TaskbeatProcess } from '../support/taskbeat-process.ts'
import type { World } from '../support/world.ts'

export interface LeadersDose {
  /** Of the leader, by kill -9. */
  readonly kills: number
  /** Of the leader, by SIGSTOP, for 5 s to this long. */
  readonly stalls: number
  readonly longestStallMs: number
  /** Of the leader, by SIGTERM. */
  readonly stops: number
  readonly seed: number
}

export interface LeadersFigures {
  readonly due: number
  readonly starts: number
  /** Occurrences that a leader published and the next one published again. */
  readonly emittedAgain: number
  /** Of these, those that ran on both hosts. */
  readonly ranOnBoth: number
  /** Until another leads. */
  readonly afterKill: Lateness
  readonly afterStall: Lateness
  readonly afterStop: Lateness
  readonly lateness: Lateness
}

const entries = Array.from(
  { length: 10 },
  (_, index): ExpectedEntry => ({
    name: `pulse-${index}`,
    isDue: () => true,
    missed: 'skip',
    overlap: index % 2 === 0 ? 'allow' : 'skip',
  }),
)

const schedule = (url: string): string => `
broker: { url: "${url}", heartbeat: 2s }
beat: { lookahead: 10s }
worker: { modules: [./tasks.ts] }
schedules:
${entries.map(({ name, overlap }) => `  ${name}: { every: 1s, task: note, missed: skip, overlap: ${overlap} }`).join('\n')}
`

const shortestStallMs = 5_000
const mostLateMs = 250
const mostHandoverMs = 200
const mostLeftOut = 0.05

export async function passTheLeadOnRabbitmq(
  first: World,
  broker: TestBroker,
  dose: LeadersDose,
): Promise<LeadersFigures> {
  const hosts = openHosts(first, 2)
  for (const world of hosts) {
    world.configure(schedule(broker.url))
    world.write('tasks.ts', notingModule)
  }
  const book = new EmissionBook()
  await using _firehose = await openFirehose(broker, book.read)
  await using control = await startControlTimer()
  const workers = hosts.map((world) => world.worker())
  await Promise.all(workers.map((worker) => worker.said(/^working on/)))
  const beats = await Beats.start(hosts)
  await eventually(
    'all entries run',
    () => new Set(notesOf(hosts, 'start').map(({ entry }) => entry)).size === entries.length,
  )
  const after = Date.now()
  const random = seededRandom(dose.seed)
  for (const fault of shuffled(faultsOf(dose, random), random)) {
    await beats.ready()
    await delay(1_500 * random())
    if (fault.aimed) await book.next()
    await beats[fault.kind](fault.lengthMs)
  }
  const through = Date.now()
  await beats.end()
  const account = (): ReturnType<typeof accountFor> => accountFor(hosts, entries, { after, through })
  const patience = { withinMs: 30_000, everyMs: 200 }
  await eventually('all is accounted for', () => account().problems.length === 0, patience).catch(() => {}) // told below
  const endings = await Promise.all(workers.map((worker) => worker.stop()))
  const { due, missed, leftOut, problems } = account()
  const notes = notesOf(hosts, 'start').filter(({ due }) => due > after && due <= through)
  const judge = (samples: readonly Sample[]): Lateness => judgeLateness(samples, control.stalls)
  const repeats = judgeRepeats(notes, book)
  const figures: LeadersFigures = {
    due,
    starts: notes.length,
    emittedAgain: book.repeated,
    ranOnBoth: repeats.count,
    afterKill: judgeLateness(beats.took.kill, []),
    afterStall: judgeLateness(beats.took.stall, []),
    afterStop: judge(beats.took.stop),
    lateness: judge(notes),
  }
  const { lateness, afterStop } = figures
  const isBusy = lateness.leftOut > mostLeftOut * notes.length
  const broken = [
    ...problems,
    ...book.problems,
    ...repeats.problems,
    ...(missed + leftOut > 0 ? [`${missed} were missed, ${leftOut} skipped or expired`] : []),
    ...hosts.flatMap(reasonsOf),
    ...(lateness.earliest >= 0 ? [] : ['something ran early']),
    ...(lateness.max > mostLateMs && !isBusy ? describeLatest(notes, control.stalls) : []),
    ...(afterStop.max > mostHandoverMs && !isBusy ? [`a clean stop hands over in ${mostHandoverMs} ms`] : []),
    ...endings.filter(({ code }) => code !== 0).map(({ code, stderr }) => `ended with ${code}: ${stderr}`),
  ]
  if (broken.length > 0)
    throw new Error(
      `${broken.length} promises broken (seed ${dose.seed}):\n${broken.slice(0, 30).join('\n')}\n${JSON.stringify(figures)}`,
    )
  if (isBusy) throw new TooBusyError(`others wanted this machine too much: ${JSON.stringify(figures)}`)
  return figures
}

interface Fault {
  readonly kind: 'kill' | 'stall' | 'stop'
  /** When the broker has just taken something from the leader that the leader has not committed. */
  readonly aimed: boolean
  readonly lengthMs: number
}

function faultsOf({ kills, stalls, stops, longestStallMs }: LeadersDose, random: () => number): Fault[] {
  const times = (count: number, kind: Fault['kind']): Fault[] =>
    Array.from({ length: count }, (_, index) => ({
      kind,
      aimed: index % 2 === 0,
      lengthMs: shortestStallMs + (longestStallMs - shortestStallMs) * random(),
    }))
  return [...times(kills, 'kill'), ...times(stalls, 'stall'), ...times(stops, 'stop')]
}

function describeLatest(notes: readonly HostNote[], stalls: readonly Stall[]): string[] {
  return notes
    .filter((note) => judgeLateness([note], stalls).max > mostLateMs)
    .map(({ entry, due, host, id, at }) => {
      const copies = notes.filter((note) => note.id === id).length
      return `${entry} due ${new Date(due).toISOString()} started ${at - due} ms late on host ${host}, one of ${copies} starts`
    })
}

/** Why runs were skipped or expired here, which none may be. */
function reasonsOf(world: World): string[] {
  const runs = world.journal((journal) => journal.runs({ limit: 1_000_000 }))
  return runs
    .filter(({ outcome }) => outcome === 'skipped' || outcome === 'expired')
    .map(
      ({ id, entry, due = 0, outcome, reason, finished = 0 }) =>
        `${entry} due ${new Date(due).toISOString()} (${id}) was ${outcome} at ${new Date(finished).toISOString()}: ${reason}`,
    )
}

/** A host runs an occurrence once; the other may run a copy, if a leader has published one. */
function judgeRepeats(
  notes: readonly HostNote[],
  book: EmissionBook,
): { readonly count: number; readonly problems: readonly string[] } {
  const problems: string[] = []
  let count = 0
  for (const [id, starts] of Map.groupBy(notes, (note) => note.id)) {
    if (starts.length === 1) continue
    count++
    const [{ entry, due } = { entry: '', due: 0 }] = starts
    const what = `${entry} due ${new Date(due).toISOString()}`
    if (new Set(starts.map(({ host }) => host)).size < starts.length)
      problems.push(`${what} was started twice on one host`)
    if (starts.length > book.copiesOf(id))
      problems.push(`${what} was started ${starts.length} times and published ${book.copiesOf(id)} times`)
  }
  return { count, problems }
}

/** Two beats, of which one leads. */
class Beats {
  readonly took: Readonly<Record<Fault['kind'], Sample[]>> = { kill: [], stall: [], stop: [] }
  readonly #hosts: readonly World[]
  readonly #beats: TaskbeatProcess[]
  #leading = 0
  #standing: Promise<unknown>

  private constructor(hosts: readonly World[], beats: readonly TaskbeatProcess[]) {
    this.#hosts = hosts
    this.#beats = [...beats]
    this.#standing = this.#heir.said(/^standing by: /)
  }

  static async start(hosts: readonly World[]): Promise<Beats> {
    const [first, second] = hosts
    if (!first || !second) throw new Error('expected two hosts')
    const leader = first.beat()
    await leader.said(/^nothing before/)
    return new Beats(hosts, [leader, second.beat()])
  }

  /** Resolves when one stands by while the other leads. */
  async ready(): Promise<void> {
    await this.#standing
  }

  kill(): Promise<void> {
    return this.#fall('kill', 'SIGKILL')
  }

  stop(): Promise<void> {
    return this.#fall('stop', 'SIGTERM')
  }

  async stall(lengthMs: number): Promise<void> {
    const former = this.#leader
    const { mark } = former
    const end = delay(lengthMs)
    await this.#succeed('stall', 'SIGSTOP')
    await end
    former.signal('SIGCONT')
    this.#standing = former.said(/^standing by: /, { mark })
  }

  async end(): Promise<void> {
    await this.#standing
    for (const beat of [this.#heir, this.#leader]) expectOrderly(await beat.stop())
  }

  get #leader(): TaskbeatProcess {
    return this.#beats[this.#leading] as TaskbeatProcess
  }

  get #heir(): TaskbeatProcess {
    return this.#beats[1 - this.#leading] as TaskbeatProcess
  }

  async #fall(kind: 'kill' | 'stop', signal: NodeJS.Signals): Promise<void> {
    const former = this.#leader
    const place = this.#leading
    await this.#succeed(kind, signal)
    const ending = await former.ended
    if (kind === 'stop') expectOrderly(ending)
    const beat = (this.#hosts[place] as World).beat()
    this.#beats[place] = beat
    this.#standing = beat.said(/^standing by: /)
  }

  async #succeed(kind: Fault['kind'], signal: NodeJS.Signals): Promise<void> {
    const heir = this.#heir
    const { mark } = heir
    const due = Date.now()
    this.#leader.signal(signal)
    const { time } = await heir.said(/^leading/, { mark })
    this.took[kind].push({ due, at: time })
    this.#leading = 1 - this.#leading
    await heir.said(/^emitted/, { mark })
  }
}

function expectOrderly({ code, stderr }: { readonly code: unknown; readonly stderr: string }): void {
  if (code !== 0) throw new Error(`a beat ended with ${code}: ${stderr}`)
}
