/** The disk that holds the state is full for a while, at a moment that suits nobody. */
import { setTimeout as delay } from 'node:timers/promises'
import { type AuditFigures, assertSound, audit, type ExpectedEntry } from '../support/audit.ts'
import { settled } from '../support/settled.ts'
import type { SmallDisk } from '../support/small-disk.ts'
import type { TaskbeatProcess } from '../support/taskbeat-process.ts'
import type { World } from '../support/world.ts'

export interface FullDiskDose {
  readonly rounds: number
  /** How long the disk is full. */
  readonly seconds: number
}

export interface FullDiskFigures extends AuditFigures {
  readonly rounds: number
  /** Of one process in one round. */
  readonly mostErrors: number
}

const entries: readonly ExpectedEntry[] = [
  { name: 'heartbeat', isDue: () => true, missed: 'skip', overlap: 'skip' },
  { name: 'invoices', isDue: (second) => second % 2 === 0, missed: 'all', overlap: 'queue' },
  { name: 'dump', isDue: (second) => second % 5 === 0, missed: 'all', overlap: 'queue' },
]

const schedule = `
beat: { lookahead: 3s }
schedules:
  heartbeat: { every: 1s, missed: skip, command: [./note, start] }
  invoices:  { every: 2s, missed: all, shell: './note start; sleep 0.3; ./note end' }
  dump:      { every: 5s, missed: all, shell: './note start; sleep 2; ./note end' }
`

/** What could not be written down is tried again after so long at the most. */
const slowestRetryMs = 12_000

/** Each trouble is told once when it begins; there are few kinds of it. */
const mostErrors = 6

export async function endureFullDisk(
  world: World,
  disk: SmallDisk,
  dose: FullDiskDose,
): Promise<FullDiskFigures> {
  const { rounds, seconds } = dose
  world.configure(schedule)
  const worker = world.worker()
  const beat = world.beat()
  const after = Date.parse(String((await beat.said(/^nothing before/)).at))
  let most = 0
  for (let round = 0; round < rounds; round++) {
    await worker.said(/^dump started/, { mark: worker.mark })
    const marks = [beat.mark, worker.mark]
    disk.fill()
    await beat.said(/the disk is full/, { mark: beat.mark })
    await worker.said(/the disk is full/, { mark: worker.mark })
    await delay(seconds * 1_000)
    disk.clear()
    await beat.said(/^emitting again/, { mark: marks[0] ?? 0 })
    await worker.said(/^heartbeat succeeded/, { mark: worker.mark, withinMs: 60_000 })
    most = Math.max(most, ...[beat, worker].map((process, index) => errorsSince(process, marks[index] ?? 0)))
  }
  const through = Date.now()
  await settled(world, through)
  for (const process of [beat, worker]) {
    const { code, stderr } = await process.stop()
    if (code !== 0) throw new Error(`${process.name} ended with ${code}: ${stderr}`)
  }
  const result = audit(world, { entries, after, through, unsettledMs: seconds * 1_000 + slowestRetryMs })
  assertSound(result)
  return { ...result.figures, rounds, mostErrors: most }
}

function errorsSince({ name, log }: TaskbeatProcess, mark: number): number {
  const errors = log.slice(mark).filter(({ level }) => level === 'error')
  if (errors.length > mostErrors)
    throw new Error(`${name} floods its log:\n${errors.map(({ message }) => message).join('\n')}`)
  return errors.length
}
