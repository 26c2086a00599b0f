/** Two hosts work on one RabbitMQ under load, and their workers are killed over and over. */
import { setTimeout as delay } from 'node:timers/promises'
import type { ExpectedEntry } from '../support/audit.ts'
import { eventually } from '../support/eventually.ts'
import { accountFor, type HostNote, notesOf, openHosts } from '../support/hosts.ts'
import { deathAfter, type HostDeath, KilledWorker } from '../support/killed-worker.ts'
import type { TestBroker } from '../support/rabbitmq-control.ts'
import { seededRandom } from '../support/seeded-random.ts'
import type { World } from '../support/world.ts'

export interface WorkersDose {
  readonly kills: number
  readonly seed: number
}

export interface WorkersFigures {
  readonly due: number
  readonly starts: number
  /** Runs that were under way when their worker was killed, all kills together. */
  readonly running: number
  /** Of connections, that workers noticed. */
  readonly losses: number
  /** Starts beyond the first of each attempt. */
  readonly repeats: number
  /** Of these, on the host of the former start. */
  readonly repeatsAtHome: number
  /** Of these, elsewhere after the former run had ended and the broker had not heard of it. */
  readonly repeatsAfterEnd: number
  /** Of these, after the former host's connection was lost, as on a machine that starves. */
  readonly repeatsAfterLoss: number
  /** Of these, after a worker had died that may have passed it on to all, and not yet have let go of the original. */
  readonly repeatsOfPassedOn: number
  /** Occurrences of entries whose next one stands for them, begun and never ended. */
  readonly cutShort: number
  /** Interrupted so often that they were given up. */
  readonly suspected: number
}

const concurrency = 20
const times = (count: number, entry: Omit<ExpectedEntry, 'isDue'>, period: number): ExpectedEntry[] =>
  Array.from({ length: count }, (_, index) => ({
    ...entry,
    name: `${entry.name}-${index}`,
    isDue: (second) => second % period === 0,
  }))
const load = times(20, { name: 'load', missed: 'all', overlap: 'allow' }, 1)
const commands = times(3, { name: 'command', missed: 'all', overlap: 'allow' }, 1)
const inTurn = times(3, { name: 'in-turn', missed: 'all', overlap: 'queue' }, 2)
const usual = times(3, { name: 'usual', missed: 'latest', overlap: 'skip' }, 2)
const entries = [...load, ...commands, ...inTurn, ...usual]

const lines = (some: readonly ExpectedEntry[], rest: string): string =>
  some.map(({ name }) => `  ${name}: { ${rest} }\n`).join('')

const schedule = (url: string): string => `
broker: { url: "${url}", heartbeat: 2s }
beat: { lookahead: 10s }
worker: { modules: [./tasks.ts], concurrency: ${concurrency} }
defaults: { kill_after: 1s }
schedules:
${lines(load, 'every: 1s, task: work, missed: all, overlap: allow')}
${lines(commands, "every: 1s, shell: './note start; sleep 0.3; ./note end', missed: all, overlap: allow")}
${lines(inTurn, 'every: 2s, task: work, missed: all')}
${lines(usual, 'every: 2s, task: work')}
`

const workModule = `
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineTask } from 'taskbeat'

export const work = defineTask('work', async ({ entry, due, id, attempt }) => {
  const note = (word) =>
    appendFileSync(
      join(import.meta.dirname, 'notes'),
      \`\${word} \${entry} \${due?.toISOString()} \${id} \${attempt} \${Date.now()}\\n\`,
    )
  note('start')
  await new Promise((resolve) => setTimeout(resolve, 200 + 200 * Math.random()))
  note('end')
})
`

export async function endureWorkerKills(
  first: World,
  broker: TestBroker,
  { kills, seed }: WorkersDose,
): Promise<WorkersFigures> {
  const hosts = openHosts(first, 2)
  for (const world of hosts) {
    world.configure(schedule(broker.url))
    world.write('tasks.ts', workModule)
  }
  const workers = hosts.map((world, host) => new KilledWorker(world, host))
  await Promise.all(workers.map((worker) => worker.begin()))
  const beat = first.beat()
  const after = Date.parse(String((await beat.said(/^nothing before/)).at))
  const random = seededRandom(seed)
  for (let kill = 0; kill < kills; kill++) {
    await delay(300 + 2_000 * random())
    await workers[random() < 0.5 ? 0 : 1]?.kill(1_500 * random())
  }
  const through = Date.now()
  const ended = (): Set<string> => new Set(notesOf(hosts, 'end').map(slotOf))
  const reckon = (): Reckoning => reckonUp(hosts, { after, through, ended: ended() })
  const patience = { withinMs: 60_000, everyMs: 500 }
  await eventually('all has ended', () => reckon().problems.length === 0, patience).catch(() => {}) // told below
  const endings = await Promise.all(workers.map((worker) => worker.end()))
  await beat.stop()
  const deaths = workers.flatMap((worker) => worker.deaths)
  const starts = notesOf(hosts, 'start')
  const losses = workers.map((worker) => worker.losses)
  const repeats = explainRepeats(starts, notesOf(hosts, 'end'), { deaths, losses })
  const { problems, ...counts } = reckon()
  const running = deaths.reduce((sum, death) => sum + death.running, 0)
  const figures = {
    ...counts,
    starts: starts.length,
    running,
    ...repeats.counts,
    losses: losses.flat().length,
  }
  const ofDeaths = figures.repeats - figures.repeatsAfterLoss - figures.repeatsOfPassedOn
  const broken = [
    ...problems,
    ...repeats.problems,
    ...endings.flat(),
    ...(ofDeaths <= kills * concurrency ? [] : ['there are more repeats than can have been running']),
  ]
  if (broken.length > 0)
    throw new Error(
      `${broken.length} promises broken (seed ${seed}):\n${broken.slice(0, 30).join('\n')}\n${JSON.stringify(figures)}`,
    )
  return figures
}

interface Reckoning {
  readonly due: number
  readonly cutShort: number
  readonly suspected: number
  readonly problems: readonly string[]
}

/** Whatever has begun has ended, but for what its successor stands for and what was interrupted too often. */
function reckonUp(
  hosts: readonly World[],
  { after, through, ended }: { after: number; through: number; ended: ReadonlySet<string> },
): Reckoning {
  const { due, problems } = accountFor(hosts, entries, { after, through })
  const suspects = new Set(
    hosts
      .flatMap((world) => world.journal((journal) => journal.runs({ limit: 1_000_000 })))
      .filter(({ reason }) => reason?.startsWith('interrupted 3 times'))
      .map(({ entry, due: at }) => `${entry} ${at}`),
  )
  const bound = new Set(usual.map(({ name }) => name))
  const begun = new Map(
    notesOf(hosts, 'start')
      .filter((note) => note.due > after && note.due <= through)
      .map((note) => [slotOf(note), note]),
  )
  const open = [...begun].filter(([slot]) => !ended.has(slot) && !suspects.has(slot))
  const lost = open.filter(([, { entry }]) => !bound.has(entry))
  return {
    due,
    cutShort: open.length - lost.length,
    suspected: suspects.size,
    problems: [...problems, ...lost.map(([slot]) => `${slot} has begun and not ended`)],
  }
}

/** A host may learn of the loss of its connection later than the broker. */
const noticedWithinMs = 5_000

function clock(at: number): string {
  return new Date(at).toISOString().slice(11, 23)
}

function slotOf({ entry, due }: HostNote): string {
  return `${entry} ${due}`
}

/** Each start of an attempt but the first follows the death of a worker that had it, and on its own host one that ran it. */
function explainRepeats(
  starts: readonly HostNote[],
  ends: readonly HostNote[],
  { deaths, losses }: { deaths: readonly HostDeath[]; losses: readonly (readonly number[])[] },
): {
  readonly counts: Pick<
    WorkersFigures,
    'repeats' | 'repeatsAtHome' | 'repeatsAfterEnd' | 'repeatsAfterLoss' | 'repeatsOfPassedOn'
  >
  readonly problems: readonly string[]
} {
  const counts = {
    repeats: 0,
    repeatsAtHome: 0,
    repeatsAfterEnd: 0,
    repeatsAfterLoss: 0,
    repeatsOfPassedOn: 0,
  }
  const problems: string[] = []
  const hasEnded = new Set(ends.map(({ id, attempt, host }) => `${id} ${attempt} ${host}`))
  for (const [attempt, each] of Map.groupBy(starts, (note) => `${note.id} ${note.attempt}`)) {
    const inOrder = each.toSorted((a, b) => a.at - b.at)
    for (const [index, start] of inOrder.entries()) {
      const former = inOrder[index - 1]
      if (!former) continue
      counts.repeats++
      const atHome = inOrder.slice(0, index).filter(({ host }) => host === start.host)
      if (atHome.length > 0) counts.repeatsAtHome++
      if (hasEnded.has(`${attempt} ${former.host}`)) counts.repeatsAfterEnd++
      const death = deathAfter(former, deaths)
      const what =
        `${start.entry} due ${clock(start.due)}, started on host ${former.host} at ${clock(former.at)}, ` +
        `was started again on host ${start.host} at ${clock(start.at)}`
      const hasDied = death !== undefined && death.from <= start.at
      const wasCut = losses[former.host]?.some((at) => former.at <= at && at <= start.at + noticedWithinMs)
      const wasPassedOn = deaths.some(({ from, to }) => start.due <= to && from <= start.at)
      if (wasCut) counts.repeatsAfterLoss++
      else if (!hasDied && wasPassedOn) counts.repeatsOfPassedOn++
      else if (!hasDied) problems.push(`${what}, and nobody had died`)
      for (const own of atHome)
        if (!deathAfter(own, deaths)?.unended.has(attempt))
          problems.push(`${what}, whose journal knew how it had ended`)
    }
  }
  return { counts, problems }
}
