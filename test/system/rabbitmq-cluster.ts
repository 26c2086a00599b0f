/**
 * Two hosts, and an application that sends, on a cluster of three over TLS: each node in turn is killed, or stopped in
 * order, and started again. The cluster itself is always there, so all go on within seconds: by another node where
 * their own is gone, and by the new leader of each queue.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { notesOf } from '../support/hosts.ts'
import { longestOf, pausesOf } from '../support/pauses.ts'
import { RabbitmqCluster } from '../support/rabbitmq-cluster.ts'
import type { RabbitmqNode } from '../support/rabbitmq-node.ts'
import { seededRandom, shuffled } from '../support/seeded-random.ts'
import type { Refusal, Sender } from '../support/sender.ts'
import { type Reckoning, TwoHosts } from '../support/two-hosts.ts'
import type { World } from '../support/world.ts'

export interface ClusterDose {
  /** Each of all nodes, one after another: every other round by SIGKILL, the others in order. */
  readonly rounds: number
  readonly perSecond: number
  readonly seed: number
}

/** The longest time without one, in milliseconds. */
export interface Standstill {
  readonly confirms: number
  readonly emissions: number
  /** On the host where it was longest. */
  readonly starts: number
}

export interface ClusterFigures extends Reckoning {
  readonly kills: number
  readonly stops: number
  /** Of what was not confirmed, what a queue refused. */
  readonly refused: number
  /** How long after a node was lost, the last. */
  readonly lastRefusalMs: number
  /** How often a beat found that a queue took nothing. */
  readonly heldUp: number
  readonly whenKilled: Standstill
  readonly whenStopped: Standstill
  readonly whenBack: Standstill
  /** From the time that an occurrence was due until it started. */
  readonly mostLateMs: number
}

const goesOnWithinMs = 10_000
/** A queue refuses while it has no leader. */
const mostRefusedMs = 1_500

export async function endureNodeLosses(first: World, dose: ClusterDose): Promise<ClusterFigures> {
  const { rounds, perSecond, seed } = dose
  const random = seededRandom(seed)
  await using cluster = await RabbitmqCluster.start(3)
  const { urls, ca } = cluster
  await using two = await TwoHosts.open(first, { urls: [urls, urls], senderUrl: urls, ca })
  two.sender.begin(perSecond, () => ({ task: 'note' }))
  const spells: Spell[] = []
  for (let round = 0; round < rounds; round++) {
    // In the order of the list all are where the next is lost, for that is where they went when the last was.
    for (const node of round % 4 < 2 ? cluster.nodes : shuffled(cluster.nodes, random)) {
      await cluster.untilWhole()
      await delay(3_000 + 3_000 * random())
      const loss = await lose(node, round % 2 === 0 ? 'kill' : 'stop')
      two.faults.push(loss)
      await delay(goesOnWithinMs + 4_000 * random())
      const to = Date.now()
      await node.start()
      spells.push({ ...loss, to }, { kind: 'return', from: to, to: Date.now() })
      if (spells.length === 2) await two.measure()
    }
  }
  await delay(goesOnWithinMs)
  const figures = figuresOf(two, spells)
  return { ...(await two.reckon(seed, problemsIn(figures, perSecond))), ...figures }
}

interface Spell {
  readonly kind: 'kill' | 'stop' | 'return'
  readonly from: number
  readonly to: number
}

async function lose(node: RabbitmqNode, kind: 'kill' | 'stop'): Promise<Spell> {
  const from = Date.now()
  await node[kind]()
  return { kind, from, to: Date.now() }
}

type OwnFigures = Omit<ClusterFigures, keyof Reckoning>

function figuresOf(two: TwoHosts, spells: readonly Spell[]): OwnFigures {
  const of = (kind: Spell['kind']): readonly Spell[] => spells.filter((spell) => spell.kind === kind)
  const losses = spells.filter(({ kind }) => kind !== 'return')
  const refused = refusalsOf(two.sender).filter(({ reason }) => reason.includes('refused a message'))
  const after = refused.map(({ at }) => at - (losses.findLast(({ from }) => from <= at)?.from ?? 0))
  const said = two.beats.flatMap(({ log }) =>
    log.filter(({ message }) => message.includes(' takes nothing (')),
  )
  return {
    kills: of('kill').length,
    stops: of('stop').length,
    refused: refused.length,
    lastRefusalMs: Math.max(0, ...after),
    heldUp: said.length,
    whenKilled: standstill(two, of('kill')),
    whenStopped: standstill(two, of('stop')),
    whenBack: standstill(two, of('return')),
    mostLateMs: Math.max(0, ...notesOf(two.hosts, 'start').map(({ due, at }) => at - due || 0)),
  }
}

function problemsIn(figures: OwnFigures, perSecond: number): string[] {
  const { whenKilled, whenStopped, whenBack, refused, lastRefusalMs, kills, stops } = figures
  const stood = Object.entries({ whenKilled, whenStopped, whenBack }).flatMap(([when, standstill]) =>
    Object.entries(standstill)
      .filter(([, ms]) => ms > goesOnWithinMs)
      .map(([what, ms]) => `${when}: no ${what} for ${ms} ms`),
  )
  const mostRefused = ((kills + stops) * perSecond * mostRefusedMs) / 1_000
  if (refused > mostRefused) stood.push(`${refused} were refused, more than ${mostRefused}`)
  if (lastRefusalMs > goesOnWithinMs) stood.push(`one was refused ${lastRefusalMs} ms after a node was lost`)
  return stood
}

function refusalsOf({ sent }: Sender): readonly Refusal[] {
  return [...sent.values()].flatMap(({ refusal }) => refusal ?? [])
}

function standstill({ beats, hosts, sender }: TwoHosts, spells: readonly Spell[]): Standstill {
  const longest = (times: readonly number[]): number =>
    longestOf(
      pausesOf(times).filter((pause) => spells.some(({ from, to }) => from <= pause.at && pause.from <= to)),
    )
  const emissions = beats.flatMap(({ log }) => log.filter(({ message }) => message.startsWith('emitted')))
  return {
    confirms: longest(sender.confirmed.map(({ confirmedAt = Number.NaN }) => confirmedAt)),
    emissions: longest(emissions.map(({ time }) => time)),
    starts: Math.max(...hosts.map((world) => longest(world.notes('start').map(({ at }) => at)))),
  }
}
