/** Processes that stand still for a while (a suspended machine, a debugger, a starved host) and then go on. */
import { setTimeout as delay } from 'node:timers/promises'
import { type AuditFigures, assertSound, audit, type ExpectedEntry } from '../support/audit.ts'
import { settled } from '../support/settled.ts'
import type { World } from '../support/world.ts'

export interface StallsDose {
  readonly rounds: number
}

const entries: readonly ExpectedEntry[] = [
  { name: 'heartbeat', isDue: () => true, missed: 'skip', overlap: 'skip' },
  { name: 'invoices', isDue: (second) => second % 2 === 0, missed: 'all', overlap: 'queue' },
  { name: 'report', isDue: (second) => second % 3 === 0, missed: 'latest', overlap: 'skip' },
  { name: 'at-once', isDue: (second) => second % 2 === 1, missed: 'latest', overlap: 'allow' },
]

const schedule = `
beat: { lookahead: 2s }
schedules:
  heartbeat: { every: 1s, missed: skip, command: [./note, start] }
  invoices:  { every: 2s, missed: all, shell: './note start; sleep 0.5' }
  report:    { every: 3s, shell: './note start; sleep 1; ./note end' }
  at-once:   { every: 2s, anchor: "1970-01-01T00:00:01Z", overlap: allow, shell: './note start; sleep 3' }
`

/** Longer than the lookahead, and than the five seconds after which an occurrence is missed. */
const stallMs = { worker: 5_000, beat: 9_000 }

export async function endureStalls(world: World, { rounds }: StallsDose): Promise<AuditFigures> {
  world.configure(schedule)
  const workers = [world.worker(), world.worker()]
  await Promise.all(workers.map((worker) => worker.said(/^working on/)))
  const beat = world.beat()
  const after = Date.parse(String((await beat.said(/^nothing before/)).at))
  for (let round = 0; round < rounds; round++) {
    for (const [process, ms] of [
      [workers[round % 2], stallMs.worker] as const,
      [beat, stallMs.beat] as const,
    ]) {
      await delay(2_000)
      process?.signal('SIGSTOP')
      await delay(ms)
      process?.signal('SIGCONT')
    }
    await beat.said(/^emitted/, { mark: beat.mark })
  }
  const through = Date.now()
  await settled(world, through)
  for (const process of [beat, ...workers]) {
    const { code, stderr } = await process.stop()
    if (code !== 0) throw new Error(`${process.name} ended with ${code}: ${stderr}`)
  }
  const result = audit(world, { entries, after, through, unsettledMs: stallMs.worker + 2_000 })
  assertSound(result)
  return result.figures
}
