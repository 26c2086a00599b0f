/**
 * The broker is killed, stopped and started again, over and over, under a steady stream of messages that it confirms:
 * what it confirmed is run, on one of two hosts, and everybody works again as soon as it does.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { eventually } from '../support/eventually.ts'
import { RabbitmqNode } from '../support/rabbitmq-node.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { type Marks, type Reckoning, TwoHosts, untilEmitted, untilTaking } from '../support/two-hosts.ts'
import type { World } from '../support/world.ts'

export interface OutagesDose {
  /** Every other one by SIGKILL, the others in order. */
  readonly outages: number
  readonly perSecond: number
  /** Of a run that is under way while the broker goes. */
  readonly longRunSeconds: number
  readonly longestDownMs: number
  readonly seed: number
}

export interface OutagesFigures extends Reckoning {
  readonly outages: number
  /** How long the broker was away, with its own start, the longest. */
  readonly longestAwayMs: number
  /** From when the broker serves until the last of the workers takes messages. */
  readonly slowestWorkersMs: number
  /** ... until a beat has emitted. */
  readonly slowestBeatMs: number
}

const backWithinMs = 5_000

export async function endureOutages(first: World, dose: OutagesDose): Promise<OutagesFigures> {
  const { outages, perSecond, longRunSeconds, longestDownMs, seed } = dose
  const random = seededRandom(seed)
  await using node = await RabbitmqNode.start()
  const url = `amqp://guest:guest@${node.host}:${node.port}`
  await using two = await TwoHosts.open(first, { urls: [url, url], senderUrl: url, longRunSeconds })
  two.sender.begin(perSecond, () => ({ task: 'note' }))
  const { message } = await two.sender.send({ task: 'long' })
  await eventually('the long run has begun', () => two.isNoted('start', message.id))
  const back: Back[] = []
  for (let outage = 0; outage < outages; outage++) {
    await delay(2_000 + 3_000 * random())
    const marks = two.marks()
    const from = Date.now()
    await (outage % 2 === 0 ? node.kill() : node.stop())
    await delay(longestDownMs * random())
    await node.start()
    const to = Date.now()
    two.faults.push({ from, to })
    back.push(await untilBack(two, to, marks))
    if (outage === 0) await two.measure()
  }
  const withinMs = longRunSeconds * 1_000 + 30_000
  await eventually('the long run has ended', () => two.isNoted('end', message.id), { withinMs })
  const reckoning = await two.reckon(seed, back.flatMap(lateIn))
  return {
    ...reckoning,
    outages,
    longestAwayMs: Math.max(...two.faults.map(({ from, to }) => to - from)),
    slowestWorkersMs: Math.max(...back.map(({ workersMs }) => workersMs)),
    slowestBeatMs: Math.max(...back.map(({ beatMs }) => beatMs)),
  }
}

interface Back {
  readonly at: number
  readonly workersMs: number
  readonly beatMs: number
}

async function untilBack(two: TwoHosts, at: number, marks: Marks): Promise<Back> {
  const [beat, workers] = await Promise.all([untilEmitted(two, marks), untilTaking(two, marks)])
  return { at, beatMs: Math.max(0, beat - at), workersMs: Math.max(0, workers - at) }
}

function lateIn({ at, workersMs, beatMs }: Back): string[] {
  const since = new Date(at).toISOString().slice(11, 23)
  return [
    ...(workersMs > backWithinMs
      ? [`the broker served at ${since}, a worker only ${workersMs} ms later`]
      : []),
    ...(beatMs > backWithinMs ? [`the broker served at ${since}, a beat only ${beatMs} ms later`] : []),
  ]
}
