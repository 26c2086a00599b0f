/** How long after its time a task starts, on a machine that has nothing else to do. */
import { setTimeout as delay } from 'node:timers/promises'
import { judgeLateness, type Lateness, type Sample, startControlTimer } from '../support/control-timer.ts'
import { notingModule } from '../support/noting-module.ts'
import { TooBusyError, waitedMs } from '../support/pressure.ts'
import type { World } from '../support/world.ts'

export interface PunctualityDose {
  readonly seconds: number
  readonly runsPerSecond: number
  /** Default the embedded broker. */
  readonly url?: string
}

export interface PunctualityFigures {
  /** By the clock that the task reads itself. */
  readonly task: Lateness
  /** By the journal: when it was claimed. */
  readonly journal: Lateness
}

const mostRounds = 5
const mostLeftOut = 0.05
const mostLateMs = 20
/** Of the time that somebody on the machine has to wait; beyond it, who is late says little. */
const mostWaitedShare = 0.2

export async function measurePunctuality(world: World, dose: PunctualityDose): Promise<PunctualityFigures> {
  const { runsPerSecond, url } = dose
  const entries = Array.from({ length: runsPerSecond }, (_, index) => {
    const offset = new Date(Date.UTC(2026, 0, 1) + Math.floor((index * 1_000) / runsPerSecond)).toISOString()
    return `  pulse-${index}: { every: 1s, anchor: "${offset}", task: note, missed: skip, overlap: allow }`
  })
  const broker = url === undefined ? '' : `broker: { url: "${url}" }\n`
  world.configure(`${broker}worker: { modules: [./tasks.ts] }\nschedules:\n${entries.join('\n')}\n`)
  world.write('tasks.ts', notingModule)
  const worker = world.worker()
  const beat = world.beat()
  await Promise.all([worker.said(/^working on/), beat.said(/^emitted/)])
  for (let round = 1; ; round++) {
    const { figures, isQuiet } = await measure(world, dose)
    const told = JSON.stringify(figures)
    if (Math.min(figures.task.earliest, figures.journal.earliest) < 0)
      throw new Error(`a task started early: ${told}`)
    const late = Math.max(figures.task.p99, figures.journal.p99) > mostLateMs
    if (!late && figures.task.leftOut <= mostLeftOut * dose.seconds * runsPerSecond) return figures
    // A machine may be one of several on its host, and does not know when those are busy.
    if (round < mostRounds) continue
    if (isQuiet) throw new Error(`of a hundred tasks one starts later than ${mostLateMs} ms: ${told}`)
    throw new TooBusyError(`others wanted this machine too much: ${told}`)
  }
}

async function measure(
  world: World,
  { seconds, runsPerSecond }: PunctualityDose,
): Promise<{ readonly figures: PunctualityFigures; readonly isQuiet: boolean }> {
  await using control = await startControlTimer()
  const waited = { cpu: waitedMs('cpu'), io: waitedMs('io') }
  const from = Date.now() + 1_000
  const to = from + seconds * 1_000
  await delay(to + 1_000 - Date.now())
  const within = ({ due }: Sample): boolean => due >= from && due < to
  const told = world.notes('start').filter(within)
  const claimed = world
    .query<{ due: number; at: number }>(
      'journal',
      'SELECT due, started AS at FROM attempts WHERE started IS NOT NULL',
    )
    .filter(within)
  const expected = seconds * runsPerSecond
  if (told.length !== expected) throw new Error(`${expected} runs were due, and ${told.length} have run`)
  const figures = {
    task: judgeLateness(told, control.stalls),
    journal: judgeLateness(claimed, control.stalls),
  }
  const share = Math.max(waitedMs('cpu') - waited.cpu, waitedMs('io') - waited.io) / (seconds * 1_000)
  return { figures, isQuiet: figures.task.leftOut <= mostLeftOut * expected && share <= mostWaitedShare }
}
