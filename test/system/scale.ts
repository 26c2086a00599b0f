/** A hundred thousand entries: what they cost when they are loaded, and that they cost nothing while others are due. */

import { setTimeout as delay } from 'node:timers/promises'
import { eventually } from '../support/eventually.ts'
import { median } from '../support/median.ts'
import { type OwnedProcess, startProcess } from '../support/owned-process.ts'
import { endedProcessorMs, memoryMib, processorMs, wholeProcessorMs } from '../support/process-usage.ts'
import type { TaskbeatProcess } from '../support/taskbeat-process.ts'
import { World } from '../support/world.ts'

export interface ScaleDose {
  readonly entries: number
  /** Of them, due in one instant. */
  readonly crowd: number
  /** How long the cost of ticks is measured. */
  readonly seconds: number
}

export interface ScaleFigures {
  readonly fileMib: number
  /** Processor time: of the YAML library alone, in a process of its own; of `taskbeat check`; and until the first emission. */
  readonly bareParseMs: number
  readonly checkMs: number
  readonly firstEmissionProcessorMs: number
  readonly firstEmissionMs: number
  readonly residentMib: number
  readonly crowdEmittedBeforeMs: number
  readonly tickMs: number
  readonly tickOfHundredMs: number
}

/** Of what the YAML library alone takes: other processors have another pace. */
const mostLoadRatio = 1
const mostTickRatio = 1.5
const pulses = 10

export async function carryWeight(
  world: World,
  { entries, crowd, seconds }: ScaleDose,
): Promise<ScaleFigures> {
  world.configure(scheduleOf(entries, crowd, Date.now()))
  const bareParseMs = await cost(
    startProcess({
      name: 'a bare parser',
      command: process.execPath,
      args: ['--input-type=module', '--eval', bareParse],
      cwd: world.directory,
    }),
  )
  // Far enough away to be loaded by then, on a slow machine too.
  const crowdDue = Math.ceil(Date.now() / 1_000) * 1_000 + 32_000
  const file = scheduleOf(entries, crowd, crowdDue)
  world.configure(file)
  const checkMs = await cost(world.start('check', 'schedules.yaml'))
  const started = Date.now()
  const beat = world.beat()
  const first = await beat.said(/^emitted/, { withinMs: 60_000 })
  const firstEmissionProcessorMs = wholeProcessorMs(beat.pid)
  const crowdEmittedBeforeMs = await watchCrowd(world, { crowd, crowdDue, from: first.time + 1_000 })
  const tickMs = await costOfTicks(beat, seconds)
  const residentMib = memoryMib(beat.pid).resident
  await beat.stop()
  const figures: ScaleFigures = {
    fileMib: Buffer.byteLength(file) / 2 ** 20,
    bareParseMs,
    checkMs,
    firstEmissionMs: first.time - started,
    firstEmissionProcessorMs,
    residentMib,
    crowdEmittedBeforeMs,
    tickMs,
    tickOfHundredMs: await costWithHundred(seconds),
  }
  for (const loadMs of [checkMs, firstEmissionProcessorMs])
    if (loadMs > mostLoadRatio * bareParseMs)
      throw new Error(`to load costs less than a bare parser takes: ${JSON.stringify(figures)}`)
  if (tickMs > mostTickRatio * figures.tickOfHundredMs + 1)
    throw new Error(`a tick costs what is due, not what is not: ${JSON.stringify(figures)}`)
  return figures
}

const mostResidentMib = 200

/** What was needed to load the schedule has been given back. */
export function assertLight(figures: ScaleFigures): void {
  if (figures.residentMib > mostResidentMib)
    throw new Error(`a loaded beat takes at most ${mostResidentMib} MiB: ${JSON.stringify(figures)}`)
}

function scheduleOf(count: number, crowd: number, crowdDue: number): string {
  const due = new Date(crowdDue).toISOString()
  const lines = Array.from({ length: count }, (_, index) => {
    if (index < pulses) return `  pulse-${index}: { every: 1s, task: note, missed: skip, overlap: allow }`
    if (index < pulses + crowd) return `  crowd-${index}: { at: "${due}", task: note }`
    return `  entry-${index}: { cron: "${index % 60} ${index % 24} 29 2 *", task: note, args: [order] }`
  })
  return `beat: { lookahead: 10s }\ntasks: { note: { command: [date], stdin: json } }\nschedules:\n${lines.join('\n')}\n`
}

const bareParse = `
import { readFileSync } from 'node:fs'
import { parse } from ${JSON.stringify(import.meta.resolve('yaml'))}
parse(readFileSync('schedules.yaml', 'utf8'), { uniqueKeys: false })
`

/** The processor time that a process takes to its end. */
async function cost({ ended }: Pick<OwnedProcess, 'ended'>): Promise<number> {
  const before = endedProcessorMs()
  const { code, stderr } = await ended
  if (code !== 0) throw new Error(`ended with ${code}: ${stderr.slice(0, 1_000)}`)
  return endedProcessorMs() - before
}

/** Looks at the queue until the crowd is due: all of it is there before, and nothing else comes late meanwhile. */
async function watchCrowd(
  world: World,
  { crowd, crowdDue, from }: { readonly crowd: number; readonly crowdDue: number; readonly from: number },
): Promise<number> {
  const late: string[] = []
  let complete: number | undefined
  let newest = 0
  await eventually(
    'the crowd is due',
    () => {
      const now = Date.now()
      const rows = world.query<{ seq: number; entry: string; due: number }>(
        'broker',
        "SELECT seq, entry, due FROM messages WHERE seq > ? AND entry LIKE 'pulse%'",
        newest,
      )
      for (const { seq, entry, due } of rows) {
        newest = Math.max(newest, seq)
        if (due >= from && due < now) late.push(`${entry} due ${due} was there only ${now - due} ms later`)
      }
      const [found] = world.query<{ n: number }>(
        'broker',
        'SELECT count(*) AS n FROM messages WHERE due = ?',
        crowdDue,
      )
      if (complete === undefined && found && found.n >= crowd) complete = now
      return now > crowdDue
    },
    { withinMs: 60_000, everyMs: 100 },
  )
  if (complete === undefined)
    throw new Error(`not all ${crowd} occurrences were emitted before they were due`)
  if (late.length > 0) throw new Error(`a crowded instant made others late:\n${late.join('\n')}`)
  return crowdDue - complete
}

/** What a second in which ten occurrences are emitted costs the beat in processor time: the middle one of all. */
async function costOfTicks({ pid }: TaskbeatProcess, seconds: number): Promise<number> {
  await delay(2_000)
  const costs: number[] = []
  for (let second = 0; second < seconds; second++) {
    const before = processorMs(pid)
    await delay(1_000)
    costs.push(processorMs(pid) - before)
  }
  return median(costs)
}

async function costWithHundred(seconds: number): Promise<number> {
  await using world = new World()
  world.configure(scheduleOf(100, 0, 0))
  const beat = world.beat()
  await beat.said(/^emitted/)
  return await costOfTicks(beat, seconds)
}
