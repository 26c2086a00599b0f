/** What beat and worker cost while nothing is due. */
import { setTimeout as delay } from 'node:timers/promises'
import { eventually } from '../support/eventually.ts'
import { memoryMib, processorMs } from '../support/process-usage.ts'
import type { TaskbeatProcess } from '../support/taskbeat-process.ts'
import type { World } from '../support/world.ts'

export interface IdleDose {
  readonly seconds: number
}

export interface IdleFigures {
  readonly beatPercent: number
  readonly workerPercent: number
  readonly beatPssMib: number
  readonly workerPssMib: number
  readonly beatRssMib: number
  readonly workerRssMib: number
}

const mostPercent = 0.5
/** What they have given back is some 35 MiB of each; without that the larger one has 90. */
const mostPssMib = 70

export async function measureIdleness(world: World, { seconds }: IdleDose): Promise<IdleFigures> {
  const entries = Array.from({ length: 1_000 }, (_, index) =>
    index % 2 === 0
      ? `  once-${index}: { at: "2099-01-01T00:00:00Z", command: [date] }`
      : `  yearly-${index}: { cron: "${index % 60} 0 29 2 *", command: [date] }`,
  )
  world.configure(`schedules:\n${entries.join('\n')}\n`)
  const beat = world.beat()
  const worker = world.worker()
  await Promise.all([beat.said(/^nothing before/), worker.said(/^working on/)])
  await Promise.all([beat, worker].map(isSmall))
  await Promise.all([beat, worker].map(hasSettled))
  const before = [beat, worker].map(({ pid }) => processorMs(pid))
  await delay(seconds * 1_000)
  const [beatPercent = Number.NaN, workerPercent = Number.NaN] = [beat, worker].map(
    ({ pid }, index) => (processorMs(pid) - (before[index] ?? 0)) / (seconds * 10),
  )
  const memory = { beat: memoryMib(beat.pid), worker: memoryMib(worker.pid) }
  const figures: IdleFigures = {
    beatPercent,
    workerPercent,
    beatPssMib: memory.beat.proportional,
    workerPssMib: memory.worker.proportional,
    beatRssMib: memory.beat.resident,
    workerRssMib: memory.worker.resident,
  }
  if (!(beatPercent < mostPercent && workerPercent < mostPercent))
    throw new Error(`idle means less than ${mostPercent} %: ${JSON.stringify(figures)}`)
  return figures
}

/** It has given back what it needed to start. */
async function isSmall({ pid, name }: TaskbeatProcess): Promise<void> {
  await eventually(
    `${name} takes less than ${mostPssMib} MiB`,
    () => memoryMib(pid).proportional < mostPssMib,
  )
}

/** It has stopped doing what a start brings with it: compiling, collecting garbage. */
async function hasSettled({ pid, name }: TaskbeatProcess): Promise<void> {
  let before = Number.NEGATIVE_INFINITY
  await eventually(
    `${name} comes to rest`,
    () => {
      const now = processorMs(pid)
      const spent = now - before
      before = now
      return spent < 5
    },
    { everyMs: 1_000 },
  )
}
