/**
 * The wire between a host and the broker is cut, reset, swallows what is said in one direction or in both, brings
 * single bytes, or is slow: nobody hangs for longer than the deadlines say, and nothing is lost.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { longestOf, type Pause, pausesOf } from '../support/pauses.ts'
import { RabbitmqNode } from '../support/rabbitmq-node.ts'
import { Relay } from '../support/relay.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { heartbeatMs, lookaheadMs, type Marks, type Reckoning, TwoHosts } from '../support/two-hosts.ts'
import type { World } from '../support/world.ts'

export type WireFault = 'cut' | 'reset' | 'mute' | 'deaf' | 'dead' | 'bytewise' | 'slow'

export const wireFaults: readonly WireFault[] = ['cut', 'reset', 'mute', 'deaf', 'dead', 'bytewise', 'slow']

export interface WireDose {
  /** One after another, each on the first host, the second or both. */
  readonly faults: readonly WireFault[]
  readonly perSecond: number
  readonly seed: number
}

export interface WireFigures extends Reckoning {
  readonly faults: number
  /** From when nothing came through until each of those concerned knew it. */
  readonly slowestNoticeMs: number
  /** From when the wire was whole again until each of those concerned was connected again. */
  readonly slowestBackMs: number
  /** The longest time without an emission of any beat, faults of both hosts apart. */
  readonly longestTakeoverMs: number
}

/** Two heartbeats of silence, looked at once in each. */
const noticeWithinMs = 3 * heartbeatMs + 1_000
/** To connect may take ten seconds, when it was begun before the wire was whole; then comes a pause. */
const backWithinMs = 10_000 + 5_000

export async function endureBadWire(
  first: World,
  { faults, perSecond, seed }: WireDose,
): Promise<WireFigures> {
  const random = seededRandom(seed)
  await using node = await RabbitmqNode.start()
  await using wire = await Relay.open(node)
  await using otherWire = await Relay.open(node)
  const wires = [wire, otherWire]
  const senderUrl = `amqp://guest:guest@${node.host}:${node.port}`
  await using two = await TwoHosts.open(first, { urls: wires.map((each) => each.url(senderUrl)), senderUrl })
  two.sender.begin(perSecond, () => ({ task: 'note' }))
  const ends: End[] = []
  for (const [round, fault] of faults.entries()) {
    const hosts = [[0], [1], [0, 1]][Math.floor(3 * random())] ?? []
    await delay(1_000 + 2_000 * random())
    const from = Date.now()
    ends.push({ fault, hosts, ...(await breakAndMend({ two, wires, hosts, fault })) })
    two.faults.push({ from, to: Date.now() })
    if (round === 0) await two.measure()
  }
  await delay(lookaheadMs)
  const reckoning = await two.reckon(seed, ends.flatMap(lateIn))
  return {
    ...reckoning,
    faults: faults.length,
    slowestNoticeMs: Math.max(...ends.map(({ noticeMs }) => noticeMs)),
    slowestBackMs: Math.max(...ends.map(({ backMs }) => backMs)),
    longestTakeoverMs: longestPause(two, ends),
  }
}

interface End {
  readonly fault: WireFault
  readonly hosts: readonly number[]
  readonly from: number
  readonly to: number
  readonly noticeMs: number
  readonly backMs: number
}

interface Breaking {
  readonly two: TwoHosts
  readonly wires: readonly Relay[]
  readonly hosts: readonly number[]
  readonly fault: WireFault
}

/** How long a wire is bad that still brings everything. */
const hinderedMs = 5_000

/** What each process says when its connections are lost, and when it has new ones. */
const services = {
  workers: {
    lost: [/lost .taskbeat consume/, /lost .taskbeat publish/],
    back: [/^connected .* .taskbeat consume/, /^connected .* .taskbeat publish/],
  },
  beats: {
    lost: [/lost .taskbeat publish/], // of its candidacies a standby tells only the first that fails
    back: [/^connected .* .taskbeat publish/, /^connected .* .taskbeat lead/],
  },
} as const

async function breakAndMend({ two, wires, hosts, fault }: Breaking): Promise<Omit<End, 'fault' | 'hosts'>> {
  const marks = two.marks()
  const concerned = wires.filter((_, host) => hosts.includes(host))
  const from = Date.now()
  for (const wire of concerned) breakings[fault](wire)
  if (fault === 'bytewise' || fault === 'slow') {
    await delay(hinderedMs)
    mend(concerned)
    return { from, to: Date.now(), noticeMs: 0, backMs: 0 }
  }
  const noticed = await untilSaid(two, { hosts, marks, what: 'lost' })
  mend(concerned)
  const to = Date.now()
  const back = await untilSaid(two, { hosts, marks, what: 'back' })
  return { from, to, noticeMs: noticed - from, backMs: Math.max(0, back - to) }
}

const breakings: Readonly<Record<WireFault, (wire: Relay) => void>> = {
  cut: (wire) => wire.cut(),
  reset: (wire) => wire.reset(),
  mute: (wire) => wire.swallow('toBroker'),
  deaf: (wire) => wire.swallow('toClient'),
  dead: (wire) => wire.swallow('toBroker', 'toClient'),
  bytewise: (wire) => {
    wire.trickling = true
  },
  slow: (wire) => {
    wire.delayMs = 50
  },
}

function mend(wires: readonly Relay[]): void {
  for (const wire of wires) {
    wire.heal()
    wire.trickling = false
    wire.delayMs = 0
  }
}

interface Expected {
  readonly hosts: readonly number[]
  readonly marks: Marks
  readonly what: 'lost' | 'back'
}

/** When the last of those concerned has said it, of each of its connections. */
async function untilSaid(two: TwoHosts, { hosts, marks, what }: Expected): Promise<number> {
  const lines = (['workers', 'beats'] as const).flatMap((kind) =>
    hosts.flatMap((host) =>
      services[kind][what].map((words) =>
        two[kind][host]?.said(words, { mark: marks[kind][host] ?? 0, withinMs: 60_000 }),
      ),
    ),
  )
  const times = (await Promise.all(lines)).map((line) => line?.time ?? Number.NaN)
  return Math.max(...times)
}

function lateIn({ fault, hosts, from, noticeMs, backMs }: End): string[] {
  const what = `${fault} on ${hosts.length === 2 ? 'both hosts' : `host ${hosts[0]}`} at ${new Date(from).toISOString().slice(11, 23)}`
  return [
    ...(noticeMs > noticeWithinMs ? [`${what} was noticed after ${noticeMs} ms`] : []),
    ...(backMs > backWithinMs ? [`${what}: connected again only ${backMs} ms after it was over`] : []),
  ]
}

/** Between two emissions of any beat, while at most one of the hosts was concerned. */
function longestPause({ beats }: TwoHosts, ends: readonly End[]): number {
  const emissions = beats.flatMap(({ log }) => log.filter(({ message }) => message.startsWith('emitted')))
  const pauses = pausesOf(emissions.map(({ time }) => time))
  const excused = ends.filter(({ hosts }) => hosts.length > 1)
  const isExcused = (each: Pause): boolean =>
    excused.some(({ from, to, backMs }) => each.from <= to + backMs && from <= each.at)
  return longestOf(pauses.filter((each) => !isExcused(each)))
}
