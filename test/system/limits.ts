/** Tasks with a rate and a concurrency have more to do than these let them, beside one without limits. */
import { setTimeout as delay } from 'node:timers/promises'
import { judgeLateness, type Lateness, startControlTimer } from '../support/control-timer.ts'
import { eventually } from '../support/eventually.ts'
import { brokerLine, MailDrop } from '../support/mail-drop.ts'
import type { Note, World } from '../support/world.ts'

export interface LimitsDose {
  readonly seconds: number
  /** Of RabbitMQ; undefined = the embedded broker. */
  readonly url?: string
  /** By how much of itself a limit may be missed. */
  readonly tolerance: number
}

export interface LimitsFigures {
  /** Starts of the task with a rate, as a part of what its rate lets start. */
  readonly pace: number
  /** In the busiest minute, or in all of the time where that is shorter. */
  readonly mostPace: number
  /** How many runs of the task with a concurrency executed at once at the most ... */
  readonly most: number
  /** ... and what part of the time so many did. */
  readonly use: number
  /** From sent to started, of the task without limits. */
  readonly lateness: Lateness
}

const perSecond = 10
const concurrency = 2
const runMs = 400
/** The backlog of each limited task, beyond what can be done. */
const surplus = 1.5

const config = (url: string | undefined): string => `
${brokerLine(url)}
worker: { modules: [./tasks.ts], concurrency: 4 }
tasks:
  paced: { rate: ${perSecond}/s }
  narrow: { concurrency: ${concurrency} }
`

const limitedModule = `
import { appendFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { join } from 'node:path'
import { defineTask } from 'taskbeat'

const notes = join(import.meta.dirname, 'notes')
const note = (word, { task, id, attempt }) =>
  appendFileSync(notes, \`\${word} \${task} - \${id} \${attempt} \${Date.now()}\\n\`)
const inline = { isolation: 'inline' }

export const paced = defineTask('paced', (ctx) => note('start', ctx), inline)
export const other = defineTask('other', (ctx) => note('start', ctx), inline)
export const narrow = defineTask('narrow', async (ctx) => {
  note('start', ctx)
  await delay(${runMs})
  note('end', ctx)
}, inline)
`

export async function keepToLimits(world: World, dose: LimitsDose): Promise<LimitsFigures> {
  const { seconds, url, tolerance } = dose
  world.configure(config(url))
  world.write('tasks.ts', limitedModule)
  await using drop = new MailDrop(world, url)
  await using control = await startControlTimer()
  const worker = world.worker()
  await worker.said(/^working on/)
  await drop.send('paced', Math.ceil(perSecond * seconds * surplus))
  await drop.send('narrow', Math.ceil(((concurrency * 1_000) / runMs) * seconds * surplus))
  // All of them have been looked at once, and the most have been given back.
  await eventually('both are at work', () => world.notes('end').length > concurrency * 2)
  const sentAt = new Map<string, number>()
  const [from, to] = [Date.now(), Date.now() + seconds * 1_000]
  while (Date.now() < to) {
    await delay(100)
    const asked = Date.now()
    const [message] = await drop.send('other', 1)
    if (message) sentAt.set(message.id, asked)
  }
  await eventually('the others have run', () => notesOf(world, 'other', 'start').length === sentAt.size)
  await worker.stop()
  const paced = notesOf(world, 'paced', 'start').map(({ at }) => at)
  const inTime = paced.filter((at) => at >= from && at < to)
  const window = Math.min(60_000, seconds * 1_000)
  const narrow = { starts: notesOf(world, 'narrow', 'start'), ends: notesOf(world, 'narrow', 'end') }
  const samples = notesOf(world, 'other', 'start').map(({ id, at }) => ({ due: sentAt.get(id) ?? at, at }))
  const figures: LimitsFigures = {
    pace: inTime.length / (perSecond * seconds),
    mostPace: mostWithin(paced, window) / ((perSecond * window) / 1_000),
    ...useOf(narrow, { from, to }),
    lateness: judgeLateness(samples, control.stalls),
  }
  const problems = [
    ...(figures.pace >= 1 - tolerance ? [] : ['the rate is not used']),
    ...(figures.mostPace <= 1 + tolerance ? [] : ['the rate is exceeded']),
    ...(figures.most <= concurrency ? [] : ['the concurrency is exceeded']),
    ...(figures.use >= 1 - tolerance ? [] : ['the concurrency is not used']),
    ...(figures.lateness.p50 <= 50 && !(figures.lateness.p99 > 500) ? [] : ['another task is delayed']),
  ]
  if (problems.length > 0) throw new Error(`${problems.join('\n')}\n${JSON.stringify(figures)}`)
  return figures
}

function notesOf(world: World, task: string, word: string): readonly Note[] {
  return world.notes(word).filter(({ entry }) => entry === task)
}

/** How many of these moments lie within so much time of each other, at the most. */
function mostWithin(times: readonly number[], length: number): number {
  const sorted = times.toSorted((a, b) => a - b)
  let first = 0
  let most = 0
  for (const [last, at] of sorted.entries()) {
    while (at - (sorted[first] ?? at) >= length) first++
    most = Math.max(most, last - first + 1)
  }
  return most
}

/** How many ran at once at the most, and how much of the time the limit was used. */
function useOf(
  { starts, ends }: { readonly starts: readonly Note[]; readonly ends: readonly Note[] },
  { from, to }: { readonly from: number; readonly to: number },
): { readonly most: number; readonly use: number } {
  // An end before a start of the same millisecond: one has made room for the other.
  const changes = [
    ...starts.map(({ at }) => ({ at, by: 1 })),
    ...ends.map(({ at }) => ({ at, by: -1 })),
  ].sort((a, b) => a.at - b.at || a.by - b.by)
  let [now, most, used, last] = [0, 0, 0, 0]
  for (const { at, by } of changes) {
    used += now * Math.max(0, Math.min(at, to) - Math.max(last, from))
    now += by
    last = at
    most = Math.max(most, now)
  }
  return { most, use: used / (concurrency * (to - from)) }
}
