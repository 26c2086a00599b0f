/** Three workers share entries whose runs last longer than their period, and one of them is killed now and then. */
import { setTimeout as delay } from 'node:timers/promises'
import type { ExpectedEntry } from '../support/audit.ts'
import { eventually } from '../support/eventually.ts'
import { accountFor, type HostNote, notesOf, openHosts } from '../support/hosts.ts'
import { deathAfter, type HostDeath, KilledWorker, leftOn } from '../support/killed-worker.ts'
import { brokerLine } from '../support/mail-drop.ts'
import type { TestBroker } from '../support/rabbitmq-control.ts'
import { seededRandom } from '../support/seeded-random.ts'
import type { World } from '../support/world.ts'

export interface OverlapDose {
  readonly kills: number
  readonly betweenKillsMs: number
  /** Of a run, that is due every second. */
  readonly runSeconds: number
  readonly seed: number
}

export interface OverlapFigures {
  readonly due: number
  readonly runs: number
  readonly leftOut: number
  /** How many runs were cut off by the death of their worker. */
  readonly cutOff: number
  /** By how many of the hosts runs were executed, the entry that saw fewest. */
  readonly hostsOfAnEntry: number
  /** Between the starts of two runs of an entry. */
  readonly longestPauseMs: number
}

const entries = (['skip', 'queue'] as const).flatMap((overlap) =>
  Array.from(
    { length: 3 },
    (_, index): ExpectedEntry => ({
      name: `${overlap}-${index}`,
      isDue: () => true,
      missed: 'latest',
      overlap,
    }),
  ),
)

/** Where the three workers are, and by which broker they meet. */
export interface OverlapStage {
  /** Of each worker its host. */
  readonly worlds: readonly World[]
  /** Of RabbitMQ; undefined = the embedded broker. */
  readonly url?: string
}

export function onOneHost(world: World): OverlapStage {
  return { worlds: [world, world, world] }
}

export function onThreeHosts(first: World, { url }: TestBroker): OverlapStage {
  return { worlds: openHosts(first, 3), url }
}

const schedule = (url: string | undefined, runSeconds: number): string => `
${brokerLine(url)}
beat: { lookahead: 10s }
defaults: { kill_after: 1s }
schedules:
${entries.map(({ name, overlap }) => `  ${name}: { every: 1s, overlap: ${overlap}, shell: './note start; sleep ${runSeconds}; ./note end' }`).join('\n')}
`

/** A run, its worker's death, another host's start, and what its lane has to be told before. */
const mostPauseMs = 10_000

export async function endureOverlap(
  { worlds, url }: OverlapStage,
  { kills, betweenKillsMs, runSeconds, seed }: OverlapDose,
): Promise<OverlapFigures> {
  const hosts = [...new Set(worlds)]
  for (const world of hosts) world.configure(schedule(url, runSeconds))
  const workers = worlds.map((world) => new KilledWorker(world, hosts.indexOf(world)))
  await Promise.all(workers.map((worker) => worker.begin()))
  const beat = (hosts[0] as World).beat()
  const after = Date.parse(String((await beat.said(/^nothing before/)).at))
  const random = seededRandom(seed)
  for (let kill = 0; kill < kills; kill++) {
    const sinceMs = 1_000 + 2_000 * random()
    await delay(betweenKillsMs - sinceMs)
    await workers[Math.floor(workers.length * random())]?.kill(sinceMs)
  }
  await delay(betweenKillsMs)
  const through = Date.now()
  await beat.stop()
  const account = (): ReturnType<typeof accountFor> => accountFor(hosts, entries, { after, through })
  const patience = { withinMs: 60_000, everyMs: 500 }
  await eventually('all is accounted for', () => account().problems.length === 0, patience).catch(() => {}) // told below
  const endings = await Promise.all(workers.map((worker) => worker.stop()))
  const deaths = workers.flatMap((worker) => worker.deaths).sort((a, b) => a.from - b.from)
  const runs = runsOf(hosts, deaths)
  const pauses = entries.map(({ name }) =>
    longestPause(runs.filter(({ note }) => note.entry === name && note.at <= through)),
  )
  const { due, leftOut, problems } = account()
  const figures: OverlapFigures = {
    due,
    runs: runs.length,
    leftOut,
    cutOff: runs.filter(({ cutOff }) => cutOff).length,
    hostsOfAnEntry: Math.min(
      ...entries.map(
        ({ name }) =>
          new Set(runs.filter(({ note }) => note.entry === name).map(({ note }) => note.host)).size,
      ),
    ),
    longestPauseMs: Math.max(...pauses),
  }
  const broken = [
    ...problems,
    ...entries.flatMap(({ name }) => overlapsIn(runs.filter(({ note }) => note.entry === name))),
    ...endings.flat(),
    ...hosts.flatMap(leftOn),
    ...(figures.longestPauseMs <= mostPauseMs ? [] : ['an entry stood still']),
  ]
  if (broken.length > 0)
    throw new Error(
      `${broken.length} promises broken (seed ${seed}):\n${broken.slice(0, 30).join('\n')}\n${JSON.stringify(figures)}`,
    )
  return figures
}

/** A busy machine lets a command that dies with its worker write its note so much later. */
const slackMs = 1_000

interface Run {
  readonly note: HostNote
  /** When it had ended, or its worker died. */
  readonly until: number
  readonly cutOff: boolean
}

/** By their own notes, in the order in which they began. */
function runsOf(hosts: readonly World[], deaths: readonly HostDeath[]): Run[] {
  const ends = notesOf(hosts, 'end')
  const starts = notesOf(hosts, 'start').toSorted((a, b) => a.at - b.at)
  return starts.map((note, index) => {
    const ofSame = (other: HostNote): boolean => other.id === note.id && other.host === note.host
    const again = starts.slice(index + 1).find(ofSame)?.at ?? Number.POSITIVE_INFINITY
    const end = ends.find((other) => ofSame(other) && other.at >= note.at && other.at <= again)?.at
    const cutOff = end === undefined
    return { note, until: end ?? deathAfter(note, deaths, slackMs)?.from ?? Number.POSITIVE_INFINITY, cutOff }
  })
}

function overlapsIn(runs: readonly Run[]): string[] {
  return runs.flatMap(({ note }, index) => {
    const former = runs.slice(0, index).find(({ until }) => until > note.at)
    if (!former) return []
    const [began, since] = [note, former.note].map(({ at }) => new Date(at).toISOString().slice(11, 23))
    return [
      `${note.entry} began at ${began} on host ${note.host} while a run of ${since} executed on host ${former.note.host}`,
    ]
  })
}

function longestPause(runs: readonly Run[]): number {
  return Math.max(...runs.slice(1).map(({ note }, index) => note.at - (runs[index]?.note.at ?? note.at)))
}
