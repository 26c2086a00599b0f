/**
 * The long form of the system tests: `npm run soak [-- NAME…] [--minutes N] [--seed S]`.
 *
 * The assertions are those of the short form; only the dose differs. It prints what was measured as a table, and exits
 * with 1 when a promise was broken.
 */
import { parseArgs } from 'node:util'
import type { TestBroker } from '../support/rabbitmq-control.ts'
import { RabbitmqNode } from '../support/rabbitmq-node.ts'
import { mountSmallDisk } from '../support/small-disk.ts'
import { builtProgram } from '../support/taskbeat-process.ts'
import { World } from '../support/world.ts'
import { endureBadWire, wireFaults } from '../system/bad-wire.ts'
import { endureOutages } from '../system/broker-outages.ts'
import { arriveOnTime } from '../system/etas.ts'
import { endureFullDisk } from '../system/full-disk.ts'
import { endureHostility } from '../system/hostile.ts'
import { measureIdleness } from '../system/idle.ts'
import { stopInFlight } from '../system/in-flight.ts'
import { endureKills } from '../system/kills.ts'
import { passTheLead } from '../system/leaders.ts'
import { keepToLimits } from '../system/limits.ts'
import { runForLong } from '../system/long-runs.ts'
import { endureAlarms } from '../system/memory-alarm.ts'
import { endureOverlap, onOneHost, onThreeHosts } from '../system/overlap.ts'
import { measurePunctuality } from '../system/punctuality.ts'
import { endureNodeLosses } from '../system/rabbitmq-cluster.ts'
import { passTheLeadOnRabbitmq } from '../system/rabbitmq-leaders.ts'
import { endureWorkerKills } from '../system/rabbitmq-workers.ts'
import { editOnTheWay } from '../system/reload.ts'
import { assertLight, carryWeight } from '../system/scale.ts'
import { endureStalls } from '../system/stalls.ts'
import { holdOnRabbitmq4 } from './rabbitmq-4.ts'
import { holdOnSystemd257 } from './systemd-257.ts'

interface Dose {
  /** As asked for, or what the soak takes by itself. */
  readonly minutes: number
  readonly seed: number
}

interface Soak {
  readonly minutes: number
  /** Resolves with what was measured, and rejects when a promise was broken. */
  run(world: World, dose: Dose): Promise<object>
}

const soaks: Readonly<Record<string, Soak>> = {
  kills: {
    minutes: 10,
    run: (world, { minutes, seed }) =>
      endureKills(world, { seconds: minutes * 60, kills: Math.max(1, Math.round(minutes * 2)), seed }),
  },
  punctuality: {
    minutes: 2,
    run: (world, { minutes }) => measurePunctuality(world, { seconds: minutes * 60, runsPerSecond: 100 }),
  },
  idle: { minutes: 1, run: (world, { minutes }) => measureIdleness(world, { seconds: minutes * 60 }) },
  scale: {
    minutes: 1,
    run: async (world, { minutes }) => {
      const figures = await carryWeight(world, { entries: 100_000, crowd: 10_000, seconds: minutes * 60 })
      assertLight(figures)
      return figures
    },
  },
  leaders: {
    minutes: 3,
    run: (world, { minutes }) => {
      const changes = Math.max(1, Math.round(minutes * 10))
      return passTheLead(world, { kills: changes, stops: changes })
    },
  },
  stalls: {
    minutes: 3,
    run: (world, { minutes }) => endureStalls(world, { rounds: Math.max(1, minutes * 3) }),
  },
  hostile: {
    minutes: 3,
    run: (world, { minutes }) => endureHostility(world, { rounds: Math.min(8, Math.ceil(minutes)) }),
  },
  disk: { minutes: 3, run: fillDisk },
  reload: { minutes: 3, run: editAgainAndAgain },
  overlap: {
    minutes: 5,
    run: (world, { minutes, seed }) => {
      const kills = Math.max(1, Math.round(minutes * 3))
      return endureOverlap(onOneHost(world), { kills, betweenKillsMs: 20_000, runSeconds: 2.5, seed })
    },
  },
  inflight: {
    minutes: 2,
    run: (world, { minutes, seed }) =>
      stopInFlight(world, { messages: minutes * 500, stops: Math.round(minutes * 10), seed }),
  },
  'rabbitmq-inflight': {
    minutes: 2,
    run: (world, { minutes, seed }) =>
      onRabbitmq(({ url }) =>
        stopInFlight(world, { messages: minutes * 500, stops: Math.round(minutes * 10), seed, url }),
      ),
  },
  limits: {
    minutes: 1,
    run: (world, { minutes }) => keepToLimits(world, { seconds: minutes * 60, tolerance: 0.05 }),
  },
  'rabbitmq-limits': {
    minutes: 1,
    run: (world, { minutes }) =>
      onRabbitmq(({ url }) => keepToLimits(world, { seconds: minutes * 60, tolerance: 0.05, url })),
  },
  wire: {
    minutes: 6,
    run: (world, { minutes, seed }) => {
      const rounds = Array.from({ length: Math.max(1, Math.round((minutes * 5) / wireFaults.length)) })
      return endureBadWire(world, { faults: rounds.flatMap(() => wireFaults), perSecond: 20, seed })
    },
  },
  alarm: {
    minutes: 5,
    run: (world, { minutes, seed }) =>
      endureAlarms(world, { alarms: Math.max(1, Math.round(minutes)), seconds: 40, perSecond: 50, seed }),
  },
  etas: {
    minutes: 6,
    run: (world, { minutes }) =>
      arriveOnTime(world, { seconds: [1, 30, (minutes - 1) * 60], messages: 100, holdSeconds: 60 }),
  },
  'long-runs': {
    minutes: 6,
    run: (world) => runForLong(world, { consumerTimeoutSeconds: 60, runSeconds: 180, killAfterSeconds: 120 }),
  },
  outages: {
    minutes: 6,
    run: (world, { minutes, seed }) =>
      endureOutages(world, {
        outages: Math.max(2, Math.round((minutes * 10) / 3)),
        perSecond: 200,
        longRunSeconds: minutes * 20,
        longestDownMs: 8_000,
        seed,
      }),
  },
  cluster: {
    minutes: 6,
    run: (world, { minutes, seed }) =>
      endureNodeLosses(world, { rounds: Math.max(1, Math.round(minutes / 1.5)), perSecond: 50, seed }),
  },
  'rabbitmq-leaders': {
    minutes: 20,
    run: (world, { minutes, seed }) =>
      onRabbitmq((broker) =>
        passTheLeadOnRabbitmq(world, broker, {
          kills: Math.max(1, Math.round(minutes * 2.5)),
          stalls: Math.max(1, Math.round(minutes)),
          longestStallMs: 60_000,
          stops: Math.max(1, Math.round(minutes)),
          seed,
        }),
      ),
  },
  'rabbitmq-workers': {
    minutes: 5,
    run: (world, { minutes, seed }) =>
      onRabbitmq((broker) =>
        endureWorkerKills(world, broker, { kills: Math.max(1, Math.round(minutes * 20)), seed }),
      ),
  },
  'rabbitmq-overlap': {
    minutes: 10,
    run: (world, { minutes, seed }) =>
      onRabbitmq((broker) => {
        const kills = Math.max(1, Math.round(minutes * 3))
        const stage = onThreeHosts(world, broker)
        return endureOverlap(stage, { kills, betweenKillsMs: 20_000, runSeconds: 2.5, seed })
      }),
  },
  'systemd-257': { minutes: 4, run: holdOnSystemd257 },
  'rabbitmq-4': { minutes: 10, run: holdOnRabbitmq4 },
  'rabbitmq-punctuality': {
    minutes: 2,
    run: (world, { minutes }) =>
      onRabbitmq(({ url }) =>
        measurePunctuality(world, { seconds: Math.round(minutes * 60), runsPerSecond: 100, url }),
      ),
  },
}

/** With a RabbitMQ that is there for nothing else. */
async function onRabbitmq<T>(run: (broker: TestBroker) => Promise<T>): Promise<T> {
  await using node = await RabbitmqNode.start()
  return await run(await node.openBroker())
}

async function fillDisk(world: World, { minutes }: Dose): Promise<object> {
  const disk = mountSmallDisk(world.stateDir, 8)
  if (!disk) throw new Error('this needs root, to mount a small disk')
  world.use(disk)
  return endureFullDisk(world, disk, { rounds: Math.max(1, minutes * 2), seconds: 15 })
}

async function editAgainAndAgain(_world: World, { minutes }: Dose): Promise<object> {
  const rounds = Math.max(1, Math.round(minutes * 3))
  for (let round = 0; round < rounds; round++) {
    for (const way of ['SIGHUP', 'restart'] as const) {
      await using world = new World()
      await editOnTheWay(world, way)
    }
  }
  return { rounds }
}

async function soak(): Promise<boolean> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { minutes: { type: 'string' }, seed: { type: 'string' } },
  })
  builtProgram()
  const seed = values.seed === undefined ? Date.now() % 1_000_000_000 : Number(values.seed)
  const names = positionals.length > 0 ? positionals : Object.keys(soaks)
  const unknown = names.filter((name) => !(name in soaks))
  if (unknown.length > 0 || !Number.isSafeInteger(seed))
    throw new Error(`expected names among ${Object.keys(soaks).join(', ')} and a whole number as seed`)
  console.log(`seed ${seed}`)
  let sound = true
  for (const name of names) sound = (await soakOne(name, values.minutes, seed)) && sound
  return sound
}

async function soakOne(name: string, minutesAsked: string | undefined, seed: number): Promise<boolean> {
  const chosen = soaks[name]
  if (!chosen) return false
  const minutes = minutesAsked === undefined ? chosen.minutes : Number(minutesAsked)
  if (!(minutes > 0)) throw new Error(`expected a number of minutes above 0, got ${minutesAsked}`)
  const began = performance.now()
  console.log(`\n${name}: ${minutes} min`)
  try {
    await using world = new World()
    printTable(await chosen.run(world, { minutes, seed }))
    console.log(`${name}: kept, in ${Math.round((performance.now() - began) / 1_000)} s`)
    return true
  } catch (error) {
    console.log(error instanceof Error ? error.message : error)
    console.log(`${name}: BROKEN (seed ${seed})`)
    return false
  }
}

function printTable(figures: object): void {
  const rows = flatten(figures)
  const width = Math.max(...rows.map(([name]) => name.length))
  for (const [name, value] of rows) console.log(`  ${name.padEnd(width)}  ${value}`)
}

function flatten(figures: object, prefix = ''): [string, string][] {
  return Object.entries(figures).flatMap(([name, value]): [string, string][] => {
    if (typeof value === 'object' && value !== null) return flatten(value, `${prefix}${name}.`)
    return [
      [prefix + name, typeof value === 'number' ? String(Math.round(value * 1_000) / 1_000) : String(value)],
    ]
  })
}

try {
  process.exitCode = (await soak()) ? 0 : 1
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 2
}
