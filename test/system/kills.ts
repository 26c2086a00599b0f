/**
 * Beat and worker are killed with -9 at random moments of a working day pressed into seconds, and the books are held
 * against the schedule afterwards.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import {
  type AuditFigures,
  assertSound,
  audit,
  type ExpectedEntry,
  type WorkerDeath,
} from '../support/audit.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { settled } from '../support/settled.ts'
import type { TaskbeatProcess } from '../support/taskbeat-process.ts'
import type { World } from '../support/world.ts'

export interface KillsDose {
  readonly seconds: number
  /** Of the beat, and as many of the worker. */
  readonly kills: number
  readonly seed: number
}

export interface KillsFigures extends AuditFigures {
  readonly beatKills: number
  readonly workerKills: number
  readonly interrupted: number
  readonly slowestRerunMs: number
}

const schedule = `
beat: { lookahead: 2s }
worker: { concurrency: 20, modules: [./tasks.ts], grace: 30s }
defaults: { kill_after: 1s }
schedules:
  heartbeat:   { every: 1s, missed: skip, command: [./note, start] }
  backup:      { every: 7s, shell: './note start; tar cf "backup-$TASKBEAT_ID.tar" data' }
  clean-up:    { cron: "*/6 * * * * *", shell: './note start; find . -maxdepth 1 -name "backup-*.tar" -mmin +1 -delete' }
  dump:        { every: 9s, missed: all, shell: './note start; ./dump > "dump-$TASKBEAT_ID.tmp" && mv "dump-$TASKBEAT_ID.tmp" dump.sql' }
  certificate: { cron: "11,41 * * * * *", shell: './note start; ./check-certificate' }
  report:      { every: 4s, task: report, kwargs: { to: boss@example.org } }
  at-quarters: { cron: ["7/15 * * * * *", "30 * * * * *"], command: [./note, start], description: slots of two lines }
  every-minute: { cron: "* * * * *", command: [./note, start] }
  invoices:    { every: 5s, missed: all, shell: './note start; sleep 1.5; ./note end' }
  in-turn:     { every: 3s, overlap: queue, shell: './note start; sleep 2; ./note end' }
  at-once:     { every: 2s, overlap: allow, shell: './note start; sleep 3; ./note end' }
  one-only:    { every: 3s, overlap: skip, shell: './note start; sleep 4; ./note end' }
  flaky:       { every: 5s, missed: all, retry: { max: 3, delay: 500ms, factor: 1, jitter: none }, command: [./flaky] }
  long:        { every: 20s, shell: './note start; sleep 8; ./note end' }
  family:      { every: 6s, shell: './note start; sleep 3 & sleep 3 & (setsid sleep 3 &) ; wait' }
  scattered:   { every: 4s, jitter: 2s, command: [./note, start] }
`

const reportModule = `
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineTask } from 'taskbeat'

const notes = join(import.meta.dirname, 'notes')

export const report = defineTask('report', async (ctx, { to }: { to: string }) => {
  const { entry, due, id, attempt } = ctx
  appendFileSync(notes, \`start \${entry} \${due?.toISOString()} \${id} \${attempt} \${Date.now()}\\n\`)
  await new Promise((resolve) => setTimeout(resolve, 300))
  return \`sent to \${to}\`
})
`

const every = (seconds: number) => (second: number) => second % seconds === 0
const at =
  (...seconds: readonly number[]) =>
  (second: number) =>
    seconds.includes(second % 60)

const latest = { missed: 'latest', overlap: 'skip' } as const
const entries: readonly ExpectedEntry[] = [
  { name: 'heartbeat', isDue: every(1), missed: 'skip', overlap: 'skip' },
  { name: 'backup', isDue: every(7), ...latest },
  { name: 'clean-up', isDue: every(6), ...latest },
  { name: 'dump', isDue: every(9), missed: 'all', overlap: 'queue' },
  { name: 'certificate', isDue: at(11, 41), ...latest },
  { name: 'report', isDue: every(4), ...latest },
  { name: 'at-quarters', isDue: at(7, 22, 30, 37, 52), ...latest },
  { name: 'every-minute', isDue: at(0), ...latest },
  { name: 'invoices', isDue: every(5), missed: 'all', overlap: 'queue' },
  { name: 'in-turn', isDue: every(3), missed: 'latest', overlap: 'queue' },
  { name: 'at-once', isDue: every(2), missed: 'latest', overlap: 'allow' },
  { name: 'one-only', isDue: every(3), ...latest },
  { name: 'flaky', isDue: every(5), missed: 'all', overlap: 'queue' },
  { name: 'long', isDue: every(20), ...latest },
  { name: 'family', isDue: every(6), ...latest },
  { name: 'scattered', isDue: every(4), ...latest },
]

/** Longest time down: beyond the five seconds after which an occurrence is missed, and the worker's five to run again. */
const beatDownMs = 8_000
const workerDownMs = 4_000

export async function endureKills(world: World, { seconds, kills, seed }: KillsDose): Promise<KillsFigures> {
  setUp(world)
  const random = seededRandom(seed)
  const beats = new Killed(world, 'beat', /^leading/)
  const workers = new Killed(world, 'worker', /^working on/)
  await workers.begin()
  const after = Date.parse(String((await beats.begin(/^nothing before/)).at))
  const slotMs = (seconds * 1_000) / kills
  await Promise.all([
    killNowAndThen(beats, { kills, slotMs, longestDownMs: beatDownMs, random }),
    killNowAndThen(workers, { kills, slotMs, longestDownMs: workerDownMs, random }),
  ])
  const through = Date.now()
  await settled(world, through)
  for (const service of [beats, workers]) await service.end()
  const leftovers = world.processesOfRuns()
  const result = audit(world, { entries, after, through, deaths: workers.deaths })
  const problems = [
    ...result.problems,
    ...workers.problems,
    ...(leftovers.length > 0 ? [`processes are left: ${leftovers}`] : []),
  ]
  assertSound({ ...result, problems: problems.map((problem) => `${problem} (seed ${seed})`) })
  return {
    ...result.figures,
    beatKills: kills,
    workerKills: kills,
    interrupted: workers.deaths.reduce((sum, { running }) => sum + running.length, 0),
    slowestRerunMs: workers.slowestRerunMs,
  }
}

function setUp(world: World): void {
  world.configure(schedule)
  world.write('tasks.ts', reportModule)
  mkdirSync(join(world.directory, 'data'))
  for (let file = 0; file < 50; file++) world.write(`data/${file}.txt`, 'x'.repeat(2_000))
  world.write(
    'dump',
    `#!/bin/sh\ni=0; while [ $i -lt 2000 ]; do echo "INSERT INTO t VALUES ($i);"; i=$((i+1)); done\n`,
    0o755,
  )
  world.write('flaky', '#!/bin/sh\n./note start; [ "$TASKBEAT_ATTEMPT" -ge 2 ] || exit 1\n', 0o755)
  world.write('check-certificate', certificateCheck, 0o755)
}

const certificateCheck = `#!/bin/sh
command -v openssl >/dev/null || exit 0
[ -e key.pem ] || openssl ecparam -name prime256v1 -genkey -noout -out "key-$$.pem" && mv -f "key-$$.pem" key.pem 2>/dev/null
openssl pkey -in key.pem -noout
`

interface Killing {
  readonly kills: number
  readonly slotMs: number
  readonly longestDownMs: number
  readonly random: () => number
}

/** One kill in each of `kills` stretches of time, at a random moment, for a random time. */
async function killNowAndThen(
  service: Killed,
  { kills, slotMs, longestDownMs, random }: Killing,
): Promise<void> {
  for (let kill = 0; kill < kills; kill++) {
    const upMs = slotMs * (0.1 + 0.5 * random())
    const downMs = Math.min(longestDownMs * random(), slotMs - upMs)
    await delay(upMs)
    await service.kill(downMs)
    await delay(slotMs - upMs - downMs)
  }
}

/** A service that is killed and started again, and what was seen of it meanwhile. */
class Killed {
  readonly deaths: WorkerDeath[] = []
  readonly problems: string[] = []
  slowestRerunMs = 0
  readonly #world: World
  readonly #command: 'beat' | 'worker'
  readonly #up: RegExp
  #process: TaskbeatProcess | undefined

  constructor(world: World, command: 'beat' | 'worker', up: RegExp) {
    this.#world = world
    this.#command = command
    this.#up = up
  }

  async begin(said = this.#up): ReturnType<TaskbeatProcess['said']> {
    this.#process = this.#world[this.#command]()
    return this.#process.said(said)
  }

  async kill(downMs: number): Promise<void> {
    await this.#process?.kill()
    const at = Date.now()
    const running = this.#command === 'worker' ? this.#running() : []
    if (this.#command === 'worker') this.deaths.push({ at, running })
    await delay(Math.min(downMs, 1_000))
    if (downMs > 1_000) {
      this.#expectNobody()
      await delay(downMs - 1_000)
    }
    const process = this.#world[this.#command]()
    this.#process = process
    await process.said(this.#up)
    for (const attempt of running) void this.#expectRerun(process, attempt, Date.now())
  }

  /** SIGTERM, with what is still to be watched watched. */
  async end(): Promise<void> {
    const { code, stderr } = (await this.#process?.stop()) ?? { code: 0, stderr: '' }
    if (code !== 0) this.problems.push(`${this.#command} ended with ${code}: ${stderr}`)
  }

  #running(): string[] {
    const rows = this.#world.query<{ id: string; attempt: number }>(
      'journal',
      'SELECT id, attempt FROM attempts WHERE state = 0',
    )
    return rows.map(({ id, attempt }) => `${id} ${attempt}`)
  }

  #expectNobody(): void {
    const pids = this.#world.processesOfRuns()
    if (pids.length > 0)
      this.problems.push(`the worker was dead for a second, and its processes lived: ${pids}`)
  }

  /** What a dead worker was at goes on within five seconds: it starts again, or ends as its policy says. */
  async #expectRerun(process: TaskbeatProcess, attempt: string, since: number): Promise<void> {
    const [id] = attempt.split(' ')
    try {
      const line = await process.said(
        (line) => line.id === id && !/was interrupted|runs again/.test(line.message),
      )
      const took = line.time - since
      this.slowestRerunMs = Math.max(this.slowestRerunMs, took)
      if (took > 5_000)
        this.problems.push(`${line.message} (${id}) only ${took} ms after the worker was back`)
    } catch {
      // It was killed again first, which the next death excuses; or it never came, which the audit finds.
    }
  }
}
