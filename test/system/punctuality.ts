/** How long after its time a task starts, on a machine that has nothing else to do. */
import { setTimeout as delay } from 'node:timers/promises'
import { judgeLateness, type Lateness, type Sample, startControlTimer } from '../support/control-timer.ts'
import { notingModule } from '../support/noting-module.ts'
import type { World } from '../support/world.ts'

export interface PunctualityDose {
  readonly seconds: number
  readonly runsPerSecond: number
}

export interface PunctualityFigures {
  /** By the clock that the task reads itself. */
  readonly task: Lateness
  /** By the journal: when it was claimed. */
  readonly journal: Lateness
}

const mostRounds = 3
const mostLeftOut = 0.05

export async function measurePunctuality(world: World, dose: PunctualityDose): Promise<PunctualityFigures> {
  const { runsPerSecond } = dose
  const entries = Array.from({ length: runsPerSecond }, (_, index) => {
    const offset = new Date(Date.UTC(2026, 0, 1) + Math.floor((index * 1_000) / runsPerSecond)).toISOString()
    return `  pulse-${index}: { every: 1s, anchor: "${offset}", task: note, missed: skip, overlap: allow }`
  })
  world.configure(`worker: { modules: [./tasks.ts] }\nschedules:\n${entries.join('\n')}\n`)
  world.write('tasks.ts', notingModule)
  const worker = world.worker()
  const beat = world.beat()
  await Promise.all([worker.said(/^working on/), beat.said(/^emitted/)])
  for (let round = 1; ; round++) {
    const { figures, disturbed } = await measure(world, dose)
    if (!disturbed) return judge(figures)
    if (round === mostRounds)
      throw new Error(`this machine is too busy to judge anybody's punctuality: ${JSON.stringify(figures)}`)
  }
}

async function measure(
  world: World,
  { seconds, runsPerSecond }: PunctualityDose,
): Promise<{ readonly figures: PunctualityFigures; readonly disturbed: boolean }> {
  await using control = await startControlTimer()
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
  return { figures, disturbed: figures.task.leftOut > mostLeftOut * expected }
}

function judge(figures: PunctualityFigures): PunctualityFigures {
  for (const { earliest, p99 } of [figures.task, figures.journal]) {
    if (earliest < 0) throw new Error(`a task started early: ${JSON.stringify(figures)}`)
    if (!(p99 <= 20))
      throw new Error(`one start in a hundred is later than 20 ms: ${JSON.stringify(figures)}`)
  }
  return figures
}
